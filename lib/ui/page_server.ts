/**
 * The page over HTTP: its files, the state as JSON, and the state as events.
 *
 * @module
 */

import { formatHostPort, isIp, isLoopback } from "../codec/address.ts";
import { NetworkError, OptionError } from "../errors.ts";
import { reachableAddress } from "../io/link_addresses.ts";
import { unpermitted } from "../io/permitted.ts";
import { Access } from "./access.ts";
import { ASSETS } from "./assets.ts";
import { EventStream } from "./event_stream.ts";
import type { PageSource, Question } from "./snapshot.ts";
import { VENDOR } from "./vendor.ts";

/** Nothing from elsewhere, nothing inline, not in anybody's frame; and nothing is kept. */
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

const TEXT = "text/plain; charset=utf-8";
/** No name is longer. */
const MAX_SEARCH_LENGTH = 255;

/** Where the page is served. */
export interface ServerOptions {
  /** The address to listen on. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** A page that is served. */
export class PageServer {
  /** Where it is found, with the token if one is needed. */
  readonly url: string;
  readonly #source: PageSource;
  readonly #events: EventStream;
  readonly #access: Access;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stop = new AbortController();

  /**
   * Serves what `source` says.
   *
   * @throws {NetworkError} when the port is taken; {OptionError} when the address is none of this machine
   */
  constructor(source: PageSource, { host, port }: ServerOptions) {
    this.#source = source;
    this.#events = new EventStream(source);
    this.#server = listen(host, port, this.#stop.signal, (request) => this.#answer(request));
    const { hostname, port: bound } = this.#server.addr;
    this.#access = new Access(hostname, bound);
    const { token } = this.#access;
    const name = isLoopback(hostname) ? hostname : reachableAddress(hostname);
    const query = token === undefined ? "" : `?token=${token}`;
    this.url = `http://${formatHostPort(name, bound)}/${query}`;
  }

  /** How many tabs are open. */
  get readers(): number {
    return this.#events.size;
  }

  /** Ends all connections and frees the port. */
  async close(): Promise<void> {
    this.#events.close();
    this.#stop.abort();
    await this.#server.finished;
  }

  #answer(request: Request): Response {
    const refusal = this.#access.refusal(request);
    if (refusal !== undefined) {
      const { status, sentence } = refusal;
      return reply(
        request,
        `${sentence}\n`,
        TEXT,
        status === 405 ? { allow: "GET, HEAD" } : {},
        status,
      );
    }
    const cookie = this.#access.cookieFor(request);
    return this.#route(request, cookie === undefined ? {} : { "set-cookie": cookie });
  }

  #route(request: Request, more: Record<string, string>): Response {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/api/state") {
      const snapshot = this.#source.snapshot(questionOf(searchParams));
      return reply(request, JSON.stringify(snapshot), "application/json; charset=utf-8", more);
    }
    if (pathname === "/api/events") return this.#stream(request, questionOf(searchParams), more);
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    const asset = Object.hasOwn(ASSETS, name)
      ? ASSETS[name]
      : Object.hasOwn(VENDOR, name)
      ? VENDOR[name]
      : undefined;
    if (asset === undefined) return reply(request, "There is no such page.\n", TEXT, more, 404);
    return reply(request, asset.text, asset.type, more);
  }

  #stream(request: Request, question: Question, more: Record<string, string>): Response {
    const type = "text/event-stream; charset=utf-8";
    if (request.method === "HEAD") return reply(request, "", type, more);
    const stream = this.#events.open(question);
    if (stream !== undefined) return reply(request, stream, type, more);
    const sentence = "Too many tabs show this page already; close one.\n";
    return reply(request, sentence, TEXT, { ...more, "retry-after": "10" }, 503);
  }
}

function reply(
  { method }: Request,
  body: string | ReadableStream<Uint8Array>,
  type: string,
  more: Record<string, string>,
  status = 200,
): Response {
  const headers = { ...HEADERS, ...more, "content-type": type };
  return new Response(method === "HEAD" ? null : body, { status, headers });
}

function questionOf(parameters: URLSearchParams): Question {
  const swarm = parameters.get("swarm")?.toLowerCase() ?? "";
  const isHash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(swarm);
  const search = (parameters.get("q") ?? "").trim().slice(0, MAX_SEARCH_LENGTH);
  return { search, ...(isHash && { swarm }) };
}

function listen(
  hostname: string,
  port: number,
  signal: AbortSignal,
  handler: (request: Request) => Response,
): Deno.HttpServer<Deno.NetAddr> {
  if (hostname !== "localhost" && !isIp(hostname)) {
    throw new OptionError(`the page is served on an IP address, which "${hostname}" is not`);
  }
  try {
    const onError = () => new Response("The page met a fault.\n", { status: 500 });
    return Deno.serve({ hostname, port, signal, onListen: () => {}, onError }, handler);
  } catch (error) {
    throw listenError(error, hostname, port);
  }
}

function listenError(error: unknown, hostname: string, port: number): unknown {
  const where = formatHostPort(hostname, port);
  if (error instanceof Deno.errors.AddrInUse) {
    const sentence = `the page cannot be served on ${where}: TCP port ${port} is taken; ` +
      "choose another one with --ui, or --ui off";
    return new NetworkError(sentence, undefined, error);
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return new OptionError(`this machine does not have the address ${hostname} of the page`, error);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new OptionError(`the page may not use TCP port ${port}; take one above 1023`, error);
  }
  const sentence = unpermitted(error);
  if (sentence !== undefined) {
    return new NetworkError(`the page cannot be served: ${sentence}`, undefined, error);
  }
  return error;
}
