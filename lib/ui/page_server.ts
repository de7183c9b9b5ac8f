/**
 * Serves the page over HTTP: its files, the state as JSON, and the state as server-sent events.
 *
 * @module
 */

import { formatHostPort, isIp, isLoopback } from "../codec/address.ts";
import { reachableAddress } from "../discovery/advertised_address.ts";
import { OptionError } from "../errors.ts";
import { listenError } from "../runtime/listen_error.ts";
import { Access, DISMISS_PATH, type Refusal } from "./access.ts";
import { assetAt, TOKEN_FORM } from "./assets.ts";
import { EventStream } from "./event_stream.ts";
import { HttpServer, type PageRequest, type PageResponse } from "./http_server.ts";
import type { PageSource, Query } from "./snapshot.ts";

/** Nothing from other hosts, nothing inline, no frames, no cache. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** The page that asks for the token runs no script, and its form can only be sent to this server. */
const TOKEN_FORM_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'";

const TEXT = "text/plain; charset=utf-8";
/** The longest file name. */
const MAX_SEARCH_LENGTH = 255;
/** The number of a torrent, and of files to skip. */
const NUMBER = /^[1-9]\d{0,8}$/;

/** Where the page is served. */
export interface ServerOptions {
  /** The address to listen on. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/** The server of one page. */
export class PageServer {
  /** The address to open, with the token if one is needed. */
  readonly url: string;
  readonly #source: PageSource;
  readonly #events: EventStream;
  readonly #access: Access;
  readonly #http: HttpServer;

  private constructor(source: PageSource, events: EventStream, access: Access, http: HttpServer) {
    this.#source = source;
    this.#events = events;
    this.#access = access;
    this.#http = http;
    const { address, port } = http.address;
    const name = isLoopback(address) ? address : reachableAddress(address);
    const query = access.token === undefined ? "" : `?token=${access.token}`;
    this.url = `http://${formatHostPort(name, port)}/${query}`;
  }

  /**
   * Serves the state of `source`.
   *
   * @throws {NetworkError} when the port is taken; {OptionError} when this machine does not have the address
   */
  static async start(source: PageSource, { host, port }: ServerOptions): Promise<PageServer> {
    const http = await listen(host, port);
    const { address, port: bound } = http.address;
    const access = new Access(address, bound);
    const page = new PageServer(source, new EventStream(source), access, http);
    http.serve((request) => page.#answer(request));
    return page;
  }

  /** How many event streams are open. */
  get readers(): number {
    return this.#events.size;
  }

  /** Ends all connections and frees the port. */
  async close(): Promise<void> {
    this.#events.close();
    await this.#http.close();
  }

  #answer(request: PageRequest): PageResponse {
    const refusal = this.#access.refusal(request);
    if (refusal !== undefined) return refuse(refusal, request);
    const cookie = this.#access.cookieFor(request);
    return this.#route(request, cookie === undefined ? {} : { "set-cookie": cookie });
  }

  #route(request: PageRequest, extra: Record<string, string>): PageResponse {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/api/state") {
      const snapshot = this.#source.view().snapshot(queryOf(searchParams));
      return reply(JSON.stringify(snapshot), "application/json; charset=utf-8", extra);
    }
    if (pathname === DISMISS_PATH) return this.#dismiss(request, searchParams, extra);
    if (pathname === "/api/events") return this.#stream(request, queryOf(searchParams), extra);
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    const asset = assetAt(name);
    if (asset === undefined) return reply("There is no such page.\n", TEXT, extra, 404);
    return reply(asset.text, asset.type, extra);
  }

  #dismiss(
    { method }: PageRequest,
    parameters: URLSearchParams,
    extra: Record<string, string>,
  ): PageResponse {
    const { swarm } = queryOf(parameters);
    if (method !== "POST" || swarm === undefined || this.#source.dismiss === undefined) {
      return reply("There is nothing to dismiss.\n", TEXT, extra, 404);
    }
    const dismissed = this.#source.dismiss(swarm, parameters.get("address") ?? undefined);
    return reply(JSON.stringify({ dismissed }), "application/json; charset=utf-8", extra);
  }

  #stream({ method }: PageRequest, query: Query, extra: Record<string, string>): PageResponse {
    const type = "text/event-stream; charset=utf-8";
    if (method === "HEAD") return reply("", type, extra);
    const stream = this.#events.open(query);
    if (stream !== undefined) return reply(stream, type, extra);
    const sentence = "Too many tabs show this page already; close one.\n";
    return reply(sentence, TEXT, { ...extra, "retry-after": "10" }, 503);
  }
}

function reply(
  body: string | ReadableStream<Uint8Array>,
  type: string,
  extra: Record<string, string>,
  status = 200,
): PageResponse {
  return {
    status,
    headers: { ...HEADERS, ...extra, "content-type": type },
    body,
    isAuthorized: true,
  };
}

/** A browser without a token gets the form for it; other clients get one sentence. */
function refuse(
  { status, sentence, needsToken }: Refusal,
  { headers, url }: PageRequest,
): PageResponse {
  const isBrowser = headers.get("accept")?.includes("text/html") === true;
  const refused = needsToken && isBrowser && new URL(url).pathname === "/"
    ? reply(
      TOKEN_FORM.text,
      TOKEN_FORM.type,
      { "content-security-policy": TOKEN_FORM_POLICY },
      status,
    )
    : reply(`${sentence}\n`, TEXT, status === 405 ? { allow: "GET, HEAD" } : {}, status);
  return { ...refused, isAuthorized: false };
}

function queryOf(parameters: URLSearchParams): Query {
  const swarm = parameters.get("swarm")?.toLowerCase() ?? "";
  const isHash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(swarm);
  const search = (parameters.get("q") ?? "").trim().slice(0, MAX_SEARCH_LENGTH);
  const numbers = ["torrent", "files"].map((name) => [name, parameters.get(name) ?? ""] as const)
    .filter(([, digits]) => NUMBER.test(digits))
    .map(([name, digits]) => [name, Number(digits)] as const);
  return { search, ...(isHash && { swarm }), ...Object.fromEntries(numbers) };
}

async function listen(hostname: string, port: number): Promise<HttpServer> {
  if (hostname !== "localhost" && !isIp(hostname)) {
    throw new OptionError(`the page is served on an IP address, which "${hostname}" is not`);
  }
  try {
    // Node's server would throw some errors where they cannot be caught; Deno's listener tries first.
    Deno.listen({ hostname, port }).close();
    return await HttpServer.listen(hostname, port);
  } catch (error) {
    throw listenError(error, "page", hostname, port);
  }
}
