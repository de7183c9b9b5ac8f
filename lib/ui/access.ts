/**
 * Decides which requests the page answers.
 *
 * Every website that the owner visits can reach a page on loopback, because the browser runs on this
 * machine. So the page refuses requests that another site makes: they carry a foreign `Origin` header, or
 * a foreign `Host` header if that site has pointed its own name at this address (DNS rebinding). A page
 * that is bound to another address can be reached from the network. It demands a token too, which is part
 * of the URL that the program prints. The one request that changes something must name this page as its
 * origin.
 *
 * @module
 */

import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { isIp, isLoopback, normalizeIp } from "../codec/address.ts";
import { utf8 } from "../codec/bytes.ts";
import { ownAddresses } from "../runtime/network_interfaces.ts";
import type { PageRequest } from "./http_server.ts";

/** The only request that changes anything: it hides machines that have left. */
export const DISMISS_PATH = "/api/dismiss";

const TOKEN_BYTES = 24;
const HTTP_PORT = 80;

/** Why a request is refused. */
export interface Refusal {
  readonly status: 403 | 405;
  /** For people to read. */
  readonly sentence: string;
  /** Present when a valid token would be let in. */
  readonly needsToken?: true;
}

/** The access rules of one page. */
export class Access {
  /** The token that a reader needs; absent on loopback. */
  readonly token: string | undefined;
  readonly #host: string;
  readonly #port: number;

  /** @param host the address it listens on; `0.0.0.0` and `::` stand for every address of this machine */
  constructor(host: string, port: number) {
    this.#host = normalizeIp(host);
    this.#port = port;
    this.token = isLoopback(this.#host) ? undefined : newToken();
  }

  /** Why this request is refused; `undefined` when it is allowed. */
  refusal(request: PageRequest): Refusal | undefined {
    const { headers, method, url } = request;
    const isChange = method === "POST" && new URL(url).pathname === DISMISS_PATH;
    if (method !== "GET" && method !== "HEAD" && !isChange) {
      return { status: 405, sentence: "This page is read-only." };
    }
    const origin = headers.get("origin");
    // Browsers always say where such a request comes from.
    if (isChange && origin === null) {
      return foreign("The request does not say where it comes from.");
    }
    if (origin !== null && !this.#isOwnOrigin(origin)) {
      return foreign("The request comes from another site.");
    }
    const host = headers.get("host");
    if (host === null || !this.#isOwnHost(host) || !this.#isOwnHost(new URL(url).host)) {
      return foreign("The request names a host that is not this page's.");
    }
    // A page of another site may embed this one, and then the browser sends no `Origin`.
    const site = headers.get("sec-fetch-site");
    const isEmbedded = headers.get("sec-fetch-dest") !== "document";
    if (isEmbedded && (site === "cross-site" || site === "same-site")) {
      return foreign("The request comes from another site.");
    }
    return this.#isAuthorized(request) ? undefined : NO_TOKEN;
  }

  /** The cookie for a request with the token in its URL, so that the page can load its other files. */
  cookieFor(request: PageRequest): string | undefined {
    if (this.token === undefined || !this.#hasToken(request)) return undefined;
    return `${this.#cookieName}=${this.token}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Cookies are shared between ports, and this machine may serve several pages. */
  get #cookieName(): string {
    return `shoal-${this.#port}`;
  }

  #isAuthorized(request: PageRequest): boolean {
    return this.token === undefined || this.#hasToken(request) || this.#hasCookie(request);
  }

  #hasToken(request: PageRequest): boolean {
    return this.#isToken(new URL(request.url).searchParams.get("token"));
  }

  #hasCookie({ headers }: PageRequest): boolean {
    const cookies = (headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim());
    const name = `${this.#cookieName}=`;
    return cookies.some((cookie) =>
      cookie.startsWith(name) && this.#isToken(cookie.slice(name.length))
    );
  }

  /** Compares in constant time. */
  #isToken(given: string | null): boolean {
    if (given === null || this.token === undefined) return false;
    const [a, b] = [utf8(given), utf8(this.token)];
    return a.length === b.length && timingSafeEqual(a, b);
  }

  #isOwnOrigin(origin: string): boolean {
    const authority = /^http:\/\/(.*)$/.exec(origin)?.[1];
    return authority !== undefined && this.#isOwnHost(authority);
  }

  /** Whether `HOST` or `HOST:PORT` names this page. */
  #isOwnHost(authority: string): boolean {
    const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::(\d{1,5}))?$/i.exec(authority);
    if (match === null || Number(match[3] ?? HTTP_PORT) !== this.#port) return false;
    const name = normalizeIp((match[1] ?? match[2]!).toLowerCase());
    if (isLoopback(name) || name === this.#host) return true;
    const isAny = this.#host === "0.0.0.0" || this.#host === "::";
    return isAny && isIp(name) &&
      ownAddresses().some(({ address }) => normalizeIp(address) === name);
  }
}

const NO_TOKEN: Refusal = {
  status: 403,
  sentence:
    "Open the address that the program printed when it started. It contains the token you need.",
  needsToken: true,
};

function foreign(sentence: string): Refusal {
  return { status: 403, sentence };
}

function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}
