/**
 * A small HTTP server with a limit on everything: connections, the length of requests, and time.
 *
 * `Deno.serve` has no such limits. Node's server, which Deno provides too, has them and shows its
 * connections.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ConnectionLimit } from "./connection_limit.ts";

/** The limits of a server. Times in milliseconds. */
export interface Limits {
  /** Open connections. A browser opens up to six. */
  readonly connections: number;
  /** The head of a request, in bytes. A browser sends a few hundred, cookies included. */
  readonly headBytes: number;
  /** The time for the head of a request. A browser sends it at once. */
  readonly headMs: number;
  /** The time for a whole request. Its body is ignored. */
  readonly requestMs: number;
  /** How long an idle connection is kept for the browser's next request. */
  readonly nextRequestMs: number;
  /** How long a client may read nothing of an answer. Events are sent every five seconds. */
  readonly stalledMs: number;
}

/** The limits of every page. */
export const LIMITS: Limits = {
  connections: 200,
  headBytes: 16 * 1024,
  headMs: 10_000,
  requestMs: 15_000,
  nextRequestMs: 5_000,
  stalledMs: 30_000,
};

/** How often the times are checked, per `headMs`. */
const CHECKS_PER_HEAD = 20;

/** The part of a request that the page looks at. */
export interface PageRequest {
  readonly method: string;
  /** The absolute URL. */
  readonly url: string;
  readonly headers: Headers;
}

/** An answer. */
export interface PageResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | ReadableStream<Uint8Array>;
  /** Whether the client may see the page. Other clients are disconnected, and give way to those that may. */
  readonly isAuthorized: boolean;
}

/** An HTTP/1.1 server. */
export class HttpServer {
  readonly #server: Server;
  readonly #limit: ConnectionLimit<Socket>;
  readonly #busy = new Set<Socket>();

  private constructor(limits: Limits) {
    this.#limit = new ConnectionLimit(limits.connections);
    this.#server = createServer({
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.nextRequestMs,
      connectionsCheckingInterval: limits.headMs / CHECKS_PER_HEAD,
      maxHeaderSize: limits.headBytes,
    });
    this.#server.timeout = limits.stalledMs;
    this.#server.on("connection", (socket) => this.#admit(socket));
  }

  /**
   * Listens on this IP address; port 0 takes a free one.
   *
   * @throws {Error} the operating system's, with its `code`, when it cannot listen there
   */
  static async listen(host: string, port: number, limits = LIMITS): Promise<HttpServer> {
    const http = new HttpServer(limits);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    http.#server.once("error", reject);
    http.#server.listen(port, host, resolve);
    await promise;
    return http;
  }

  /** Answers all requests with `answer`. Call it right after {@link listen}. */
  serve(answer: (request: PageRequest) => PageResponse): void {
    this.#server.on("request", (request, response) => this.#answer(request, response, answer));
  }

  /** The address it listens on. */
  get address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#limit.size;
  }

  /** Ends all connections and frees the port. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#server.close(resolve);
    this.#server.closeAllConnections();
    await promise;
  }

  #admit(socket: Socket): void {
    socket.once("close", () => {
      this.#limit.remove(socket);
      this.#busy.delete(socket);
    });
    this.#limit.add(socket, socket.remoteAddress ?? "")?.destroy();
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (request: PageRequest) => PageResponse,
  ): void {
    const { socket } = request;
    // No browser sends a request before the last one is answered. Other clients could pile up answers.
    if (this.#busy.has(socket)) return void socket.destroy();
    this.#busy.add(socket);
    response.once("close", () => this.#busy.delete(socket));
    const parsed = parseRequest(request);
    const { status, headers, body, isAuthorized } = parsed === undefined
      ? INVALID_URL
      : answer(parsed);
    if (isAuthorized) this.#limit.authorize(socket);
    else response.setHeader("connection", "close");
    response.writeHead(status, headers);
    if (request.method === "HEAD") response.end();
    else if (typeof body === "string") response.end(body);
    else void pipe(body, response);
  }
}

/** The answer to a request with an invalid URL. */
const INVALID_URL: PageResponse = {
  status: 400,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "The address of this request is invalid.\n",
  isAuthorized: false,
};

/** Returns `undefined` when the URL is invalid. */
function parseRequest(
  { method = "", url = "", rawHeaders }: IncomingMessage,
): PageRequest | undefined {
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  const isAbsolute = /^https?:\/\//i.test(url);
  const base = `http://${headers.get("host") ?? "unnamed.invalid"}`;
  const parsed = URL.parse(isAbsolute ? url : `${base}${url}`);
  return parsed === null ? undefined : { method, url: parsed.href, headers };
}

/** Sends a stream as fast as the client reads it, and cancels it when the client leaves. */
async function pipe(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader();
  response.once("close", () => void reader.cancel());
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return void response.end();
    if (!response.write(value)) await drained(response);
  }
}

/** Resolves when the response takes more data, or is closed. */
function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("drain", resolve).once("close", resolve);
  return promise.finally(() => response.off("drain", resolve).off("close", resolve));
}
