/**
 * The page over HTTP: its files, the state as JSON, and the state as events.
 *
 * @module
 */

import { formatHostPort, isIp, isLoopback } from "../codec/address.ts";
import { NetworkError, OptionError } from "../errors.ts";
import { reachableAddress } from "../discovery/advertised_address.ts";
import { describeDenial } from "../runtime/permissions.ts";
import { Access, type Refusal } from "./access.ts";
import { assetAt, TOKEN_FORM } from "./assets.ts";
import { EventStream } from "./event_stream.ts";
import { type Asked, HttpServer, type Reply } from "./http_server.ts";
import type { PageSource, Query } from "./snapshot.ts";

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

/** The page for those without a token runs no script; what is typed into it is sent here and nowhere else. */
const TOKEN_FORM_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'";

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
   * Serves what `source` says.
   *
   * @throws {NetworkError} when the port is taken; {OptionError} when the address is none of this machine
   */
  static async start(source: PageSource, { host, port }: ServerOptions): Promise<PageServer> {
    const http = await listen(host, port);
    const { address, port: bound } = http.address;
    const access = new Access(address, bound);
    const page = new PageServer(source, new EventStream(source), access, http);
    http.serve((asked) => page.#answer(asked));
    return page;
  }

  /** How many tabs are open. */
  get readers(): number {
    return this.#events.size;
  }

  /** Ends all connections and frees the port. */
  async close(): Promise<void> {
    this.#events.close();
    await this.#http.close();
  }

  #answer(asked: Asked): Reply {
    const refusal = this.#access.refusal(asked);
    if (refusal !== undefined) return refuse(refusal, asked);
    const cookie = this.#access.cookieFor(asked);
    return this.#route(asked, cookie === undefined ? {} : { "set-cookie": cookie });
  }

  #route(asked: Asked, more: Record<string, string>): Reply {
    const { pathname, searchParams } = new URL(asked.url);
    if (pathname === "/api/state") {
      const snapshot = this.#source.view().snapshot(questionOf(searchParams));
      return reply(JSON.stringify(snapshot), "application/json; charset=utf-8", more);
    }
    if (pathname === "/api/events") return this.#stream(asked, questionOf(searchParams), more);
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    const asset = assetAt(name);
    if (asset === undefined) return reply("There is no such page.\n", TEXT, more, 404);
    return reply(asset.text, asset.type, more);
  }

  #stream({ method }: Asked, question: Query, more: Record<string, string>): Reply {
    const type = "text/event-stream; charset=utf-8";
    if (method === "HEAD") return reply("", type, more);
    const stream = this.#events.open(question);
    if (stream !== undefined) return reply(stream, type, more);
    const sentence = "Too many tabs show this page already; close one.\n";
    return reply(sentence, TEXT, { ...more, "retry-after": "10" }, 503);
  }
}

function reply(
  body: string | ReadableStream<Uint8Array>,
  type: string,
  more: Record<string, string>,
  status = 200,
): Reply {
  return { status, headers: { ...HEADERS, ...more, "content-type": type }, body, isWelcome: true };
}

/** Who wants to see the page in a browser and has no token is shown how to get in; others are told. */
function refuse({ status, sentence, wantsToken }: Refusal, { headers, url }: Asked): Reply {
  const isReader = headers.get("accept")?.includes("text/html") === true;
  const refused = wantsToken && isReader && new URL(url).pathname === "/"
    ? reply(
      TOKEN_FORM.text,
      TOKEN_FORM.type,
      { "content-security-policy": TOKEN_FORM_POLICY },
      status,
    )
    : reply(`${sentence}\n`, TEXT, status === 405 ? { allow: "GET, HEAD" } : {}, status);
  return { ...refused, isWelcome: false };
}

function questionOf(parameters: URLSearchParams): Query {
  const swarm = parameters.get("swarm")?.toLowerCase() ?? "";
  const isHash = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(swarm);
  const search = (parameters.get("q") ?? "").trim().slice(0, MAX_SEARCH_LENGTH);
  return { search, ...(isHash && { swarm }) };
}

async function listen(hostname: string, port: number): Promise<HttpServer> {
  if (hostname !== "localhost" && !isIp(hostname)) {
    throw new OptionError(`the page is served on an IP address, which "${hostname}" is not`);
  }
  try {
    // Says what is wrong in Deno's errors, and throws what Node's server would throw where nobody catches.
    Deno.listen({ hostname, port }).close();
    return await HttpServer.listen(hostname, port);
  } catch (error) {
    throw listenError(error, hostname, port);
  }
}

function listenError(error: unknown, hostname: string, port: number): unknown {
  const where = formatHostPort(hostname, port);
  const isTaken = (error as { code?: string }).code === "EADDRINUSE"; // of Deno and of Node
  if (isTaken || error instanceof Deno.errors.AddrInUse) {
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
  const sentence = describeDenial(error);
  if (sentence !== undefined) {
    return new NetworkError(`the page cannot be served: ${sentence}`, undefined, error);
  }
  return error;
}
