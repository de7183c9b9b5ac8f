/**
 * An HTTP client that follows redirects only to addresses that its source may send us to.
 *
 * A name is resolved before each request, including every redirect. Plain HTTP then connects to the address
 * that was checked, so changing the name's DNS records in between gains nothing. HTTPS connects by name,
 * since the certificate is for the name and no host in this network has one for an outside name.
 *
 * @module
 */

import { isIp, isLoopback, normalizeIp } from "../codec/address.ts";
import {
  AddressScope,
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
/** How long a resolved name is cached. */
const LOOK_UP_MS = 30_000;
/** Maximum number of a name's addresses that are tried. */
const MAX_ADDRESSES = 4;
/** If an address has not begun to answer after this time, the next one is tried, if there is one. */
const NEXT_ADDRESS_MS = 4000;

/** The final response, after redirects. */
export interface HttpResponse {
  /** Its body must be read or cancelled. */
  readonly response: Response;
  /** The scope of the server that sent it: the response may name addresses of that scope. */
  readonly reach: AddressScope;
}

/** A redirect to something other than an allowed web address. */
export class ForbiddenAddressError extends WebSeedError {
  /** The target of the redirect. */
  readonly location: string;

  /** @param location The target of the redirect. */
  constructor(location: string) {
    super("redirects to where nothing can be had", HOPELESS_MS, true);
    this.location = location;
  }
}

/** Resolves a host name to IP addresses. */
export type Resolve = (host: string) => Promise<string[]>;

/** Sends requests to web servers named by one source. */
export class HttpClient implements Disposable {
  readonly #from: SourceScope;
  readonly #resolve: Resolve;
  readonly #clock: Clock;
  readonly #http = Deno.createHttpClient({ allowHost: true });
  readonly #found = new Map<string, { addresses: string[]; untilMs: number }>();

  /** @param from the source that names the servers: the user, or a network scope */
  constructor(from: SourceScope, resolve: Resolve = resolveHost, clock: Clock = systemClock) {
    this.#from = from;
    this.#resolve = resolve;
    this.#clock = clock;
  }

  /**
   * Requests a URL.
   *
   * @throws {WebSeedError} if no server answers there, or the address is not allowed
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

  /** Closes all connections. */
  [Symbol.dispose](): void {
    this.#http.close();
  }

  /** The addresses behind a URL that may be contacted. @throws {WebSeedError} if none may */
  async #judge(url: URL, from: SourceScope): Promise<{ addresses: string[]; reach: AddressScope }> {
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const all = isIp(host) ? [normalizeIp(host)] : await this.#lookUp(host);
    const isSpelled = isIp(host) || isLocalhost(host);
    const allowed = all.filter((ip) =>
      // An outside name that resolves to this machine is an attack: it would be useless to other peers.
      mayReach(ip, from) && (from === "user" || isSpelled || !isLoopback(ip))
    );
    // HTTPS connects by name and may pick any of the addresses, so all must be allowed.
    const isJudged = allowed.length > 0 &&
      (url.protocol === "http:" || allowed.length === all.length);
    const reach = Math.min(
      ...allowed.map((ip) => reachOf(ip) ?? AddressScope.link),
    ) as AddressScope;
    const isOrder = url.search !== "" && reach < AddressScope.world; // perhaps a command to a device
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

  /** Tries one address after another until one answers. */
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

/** Resolves a redirect. A user name and password are only ever sent to the server they were meant for. */
function redirected(from: URL, location: string): URL {
  const to = URL.parse(location, from);
  if (to === null || !isWebUrl(to)) throw new ForbiddenAddressError(to?.href ?? location);
  const hasPassword = to.username !== "" || to.password !== "";
  const isOurs = to.origin === from.origin && to.username === from.username &&
    to.password === from.password;
  if (hasPassword && !isOurs) throw new ForbiddenAddressError(location);
  return to;
}

/** Converts failures of a request into errors of the server or its network. */
async function fetched(url: URL, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw faultOf(error);
  }
}

/** A name that cannot be resolved has no addresses. */
function unknownHost(error: unknown): string[] {
  if (describeDenial(error) !== undefined) throw faultOf(error);
  return [];
}

/** Converts Deno's error for a failed request. A missing permission will not come back with time. */
function faultOf(error: unknown): WebSeedError {
  const refusal = describeDenial(error);
  if (refusal !== undefined) {
    return new WebSeedError(`cannot be asked: ${refusal}`, HOPELESS_MS, true);
  }
  return new WebSeedError(
    error instanceof TypeError ? "cannot be reached" : socketErrorText(error),
  );
}
