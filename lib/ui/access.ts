/**
 * Who may see the page: a browser that was led here on purpose.
 *
 * A page on loopback is within reach of every website its owner visits, since the browser runs here. So
 * requests that another site's page makes are refused: they name a foreign `Origin`, or, where a foreign
 * name was pointed at this address, a foreign `ActiveTorrent`. A page that is bound elsewhere is within reach of
 * the network, and wants a token besides, which stands in the URL that the program prints.
 *
 * @module
 */

import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import { isIp, isLoopback, normalizeIp } from "../codec/address.ts";
import { utf8 } from "../codec/bytes.ts";
import { ownAddresses } from "../runtime/network_interfaces.ts";
import type { Asked } from "./http_server.ts";

const TOKEN_BYTES = 24;
const HTTP_PORT = 80;

/** Why a request gets nothing. */
export interface Refusal {
  readonly status: 403 | 405;
  /** For a person to read. */
  readonly sentence: string;
  /** Whether the token would change it. */
  readonly wantsToken?: true;
}

/** The rules of one page. */
export class Access {
  /** What a reader has to know; absent on loopback. */
  readonly token: string | undefined;
  readonly #host: string;
  readonly #port: number;

  /** Of a page that listens there; `0.0.0.0` and `::` stand for every address of this machine. */
  constructor(host: string, port: number) {
    this.#host = normalizeIp(host);
    this.#port = port;
    this.token = isLoopback(this.#host) ? undefined : newToken();
  }

  /** Why this request is refused; `undefined` when it is welcome. */
  refusal(request: Asked): Refusal | undefined {
    const { headers, method, url } = request;
    if (method !== "GET" && method !== "HEAD") {
      return { status: 405, sentence: "This page is read-only." };
    }
    const origin = headers.get("origin");
    if (origin !== null && !this.#isOwnOrigin(origin)) {
      return foreign("The request comes from another site.");
    }
    const host = headers.get("host");
    if (host === null || !this.#isOwn(host) || !this.#isOwn(new URL(url).host)) {
      return foreign("The request names a host that is not this page's.");
    }
    // Sent by browsers, for what they load into another site's page without naming an origin.
    const site = headers.get("sec-fetch-site");
    const isEmbedded = headers.get("sec-fetch-dest") !== "document";
    if (isEmbedded && (site === "cross-site" || site === "same-site")) {
      return foreign("The request comes from another site.");
    }
    return this.#isKnown(request) ? undefined : NO_TOKEN;
  }

  /** The cookie for somebody who came with the token in the URL, so that the page's parts come too. */
  cookieFor(request: Asked): string | undefined {
    if (this.token === undefined || !this.#hasToken(request)) return undefined;
    return `${this.#cookieName}=${this.token}; HttpOnly; SameSite=Strict; Path=/`;
  }

  /** Cookies do not tell ports apart, and there may be other pages on this machine. */
  get #cookieName(): string {
    return `shoal-${this.#port}`;
  }

  #isKnown(request: Asked): boolean {
    return this.token === undefined || this.#hasToken(request) || this.#hasCookie(request);
  }

  #hasToken(request: Asked): boolean {
    return this.#isToken(new URL(request.url).searchParams.get("token"));
  }

  #hasCookie({ headers }: Asked): boolean {
    const cookies = (headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim());
    const name = `${this.#cookieName}=`;
    return cookies.some((cookie) =>
      cookie.startsWith(name) && this.#isToken(cookie.slice(name.length))
    );
  }

  /** Takes the same time for every wrong one of the right length. */
  #isToken(given: string | null): boolean {
    if (given === null || this.token === undefined) return false;
    const [a, b] = [utf8(given), utf8(this.token)];
    return a.length === b.length && timingSafeEqual(a, b);
  }

  #isOwnOrigin(origin: string): boolean {
    const authority = /^http:\/\/(.*)$/.exec(origin)?.[1];
    return authority !== undefined && this.#isOwn(authority);
  }

  /** Whether `HOST` or `HOST:PORT` is this page. */
  #isOwn(authority: string): boolean {
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
    "Open the address that the program printed when it started; the token in it lets you in.",
  wantsToken: true,
};

function foreign(sentence: string): Refusal {
  return { status: 403, sentence };
}

function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}
