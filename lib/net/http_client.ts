/**
 * Asks web servers, and follows them where they redirect: to addresses we may be sent to, and to no others.
 *
 * A name is looked up before it is asked, at every redirect anew, and plain HTTP then goes to the address
 * that was judged: whoever changes what the name means in between gains nothing. HTTPS goes by the name,
 * since the certificate is for the name; nobody in this network has one for a stranger's.
 *
 * @module
 */

import { isIp, isLoopback, normalizeIp } from "../codec/address.ts";
import {
  AddressScope,
  type AddressScope as Distance,
  isServicePort,
  mayReach,
  reachOf,
  type SourceScope,
} from "../codec/address_scope.ts";
import { isLocalhost, isWebUrl } from "../codec/torrent/web_seed_url.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { describeDenial } from "../runtime/permissions.ts";
import { resolveHost } from "../runtime/resolve_host.ts";
import { socketErrorText } from "../runtime/socket_errors.ts";
import { HOPELESS_MS, WebSeedError } from "./http_errors.ts";

const MAX_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
/** So long what a name was looked up as is taken for true. */
const LOOK_UP_MS = 30_000;
/** Of a name's addresses so many are tried. */
const MAX_ADDRESSES = 4;
/** An address that has not begun to answer after so long is left for the next one, if there is any. */
const NEXT_ADDRESS_MS = 4000;

/** What a server answered in the end. */
export interface HttpResponse {
  /** Its body has to be read or cancelled. */
  readonly response: Response;
  /** How near the server is that gave it: what it says may name what is as near. */
  readonly reach: Distance;
}

/** A redirect to something that is no web server. */
export class ForbiddenAddressError extends WebSeedError {
  /** Where to. */
  readonly location: string;

  /** A redirect that is not followed. */
  constructor(location: string) {
    super("redirects to where nothing can be had", HOPELESS_MS, true);
    this.location = location;
  }
}

/** How a name is looked up. */
export type Resolve = (host: string) => Promise<string[]>;

/** Connections to web servers that one source has named. */
export class HttpClient implements Disposable {
  readonly #from: SourceScope;
  readonly #resolve: Resolve;
  readonly #clock: Clock;
  readonly #http = Deno.createHttpClient({ allowHost: true });
  readonly #found = new Map<string, { addresses: string[]; untilMs: number }>();

  /**
   * Nobody is asked yet.
   *
   * @param from who names the servers: the user, or somebody who is so near
   */
  constructor(from: SourceScope, resolve: Resolve = resolveHost, clock: Clock = systemClock) {
    this.#from = from;
    this.#resolve = resolve;
    this.#clock = clock;
  }

  /**
   * Asks for a URL.
   *
   * @throws {WebSeedError} when nothing answers there, or it is not to be asked
   * @throws {Error} the reason of `signal`
   */
  async get(
    start: URL,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    let at = start;
    let from = this.#from;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const { addresses, reach } = await this.#judge(at, from);
      signal.throwIfAborted();
      const response = await this.#ask(at, addresses, headers, signal);
      if (!REDIRECTS.includes(response.status)) return { response, reach };
      await response.body?.cancel();
      at = redirected(at, response.headers.get("location") ?? "");
      from = reach;
    }
    throw new WebSeedError("redirects in circles", HOPELESS_MS, true);
  }

  /** Closes what is open. */
  [Symbol.dispose](): void {
    this.#http.close();
  }

  /** The addresses behind a URL that may be asked. @throws {WebSeedError} when it is not to be asked at all */
  async #judge(url: URL, from: SourceScope): Promise<{ addresses: string[]; reach: Distance }> {
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const all = isIp(host) ? [normalizeIp(host)] : await this.#lookUp(host);
    const isSpelled = isIp(host) || isLocalhost(host);
    const allowed = all.filter((ip) =>
      // A stranger's name that turns out to be this machine is a trick: nobody else could use it.
      mayReach(ip, from) && (from === "user" || isSpelled || !isLoopback(ip))
    );
    // By HTTPS any of them may be asked.
    const isJudged = allowed.length > 0 &&
      (url.protocol === "http:" || allowed.length === all.length);
    const reach = Math.min(...allowed.map((ip) => reachOf(ip) ?? AddressScope.link)) as Distance;
    const isOrder = url.search !== "" && reach < AddressScope.world; // to some device in this network
    const isForeign = from !== "user" && isServicePort(Number(url.port));
    if (!isJudged || isForeign || (isOrder && this.#from !== "user")) {
      throw new WebSeedError(
        `leads to ${url.host}, in this machine's own network, where strangers send nobody`,
        HOPELESS_MS,
        true,
      );
    }
    return { addresses: allowed.slice(0, MAX_ADDRESSES), reach };
  }

  async #lookUp(host: string): Promise<string[]> {
    const known = this.#found.get(host);
    if (known !== undefined && known.untilMs > this.#clock.nowMs()) return known.addresses;
    const addresses = (await this.#resolve(host).catch(unknownHost)).map(normalizeIp);
    if (addresses.length === 0) throw new WebSeedError("cannot be reached");
    this.#found.set(host, { addresses, untilMs: this.#clock.nowMs() + LOOK_UP_MS });
    return addresses;
  }

  /** Asks one address after the other until one answers. */
  async #ask(
    url: URL,
    addresses: readonly string[],
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    const common = { redirect: "manual", client: this.#http } as const;
    const isPinned = url.protocol === "http:" && !isIp(url.hostname.replace(/^\[(.*)\]$/, "$1"));
    if (!isPinned) return await fetched(url, { ...common, headers, signal });
    for (const [i, address] of addresses.entries()) {
      const target = new URL(url);
      target.hostname = address.includes(":") ? `[${address}]` : address;
      const late = new AbortController();
      const isLast = i === addresses.length - 1;
      const timer = isLast ? undefined : setTimeout(() => late.abort(), NEXT_ADDRESS_MS);
      try {
        return await fetched(target, {
          ...common,
          headers: { ...headers, host: url.host },
          signal: AbortSignal.any([signal, late.signal]),
        });
      } catch (error) {
        if (isLast || signal.aborted) throw error;
      } finally {
        clearTimeout(timer);
      }
    }
    throw new WebSeedError("cannot be reached");
  }
}

/** Where a redirect leads. A name and a password go on to the server that they were meant for alone. */
function redirected(from: URL, location: string): URL {
  const to = URL.parse(location, from);
  if (to === null || !isWebUrl(to)) throw new ForbiddenAddressError(to?.href ?? location);
  const hasPassword = to.username !== "" || to.password !== "";
  const isOurs = to.origin === from.origin && to.username === from.username &&
    to.password === from.password;
  if (hasPassword && !isOurs) throw new ForbiddenAddressError(location);
  return to;
}

/** What goes wrong while a server is asked is the server's doing, or its network's. */
async function fetched(url: URL, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw faultOf(error);
  }
}

/** A name that leads nowhere has no addresses. */
function unknownHost(error: unknown): string[] {
  if (describeDenial(error) !== undefined) throw faultOf(error);
  return [];
}

/** What Deno says of a server that cannot be asked; without its permission, waiting will not help. */
function faultOf(error: unknown): WebSeedError {
  const refusal = describeDenial(error);
  if (refusal !== undefined) {
    return new WebSeedError(`cannot be asked: ${refusal}`, HOPELESS_MS, true);
  }
  return new WebSeedError(
    error instanceof TypeError ? "cannot be reached" : socketErrorText(error),
  );
}
