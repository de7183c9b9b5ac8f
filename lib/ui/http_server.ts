/**
 * HTTP for a page: few connections at a time, short requests, and no patience with those who do not get on.
 *
 * `Deno.serve` waits for a request as long as it takes and accepts whoever comes; Node's server of the same
 * runtime can be told how long and how much, and shows its connections.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Seats } from "./seats.ts";

/** What those who connect may do. Times in milliseconds. */
export interface Limits {
  /** Connections at a time. Browsers open up to six each. */
  readonly connections: number;
  /** A request's head, in bytes; a browser's with its cookies has some hundred. */
  readonly headBytes: number;
  /** Until a request's head is there; a browser sends it at once. */
  readonly headMs: number;
  /** Until a request is there with its body, which nobody reads. */
  readonly requestMs: number;
  /** A connection is kept so long for the browser's next request. */
  readonly nextRequestMs: number;
  /** Who reads nothing of an answer for so long is given up; events come every five seconds. */
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

/** How often those times are looked at. */
const CHECKS_PER_HEAD = 20;

/** A request, as far as it matters here. */
export interface Asked {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers: Headers;
}

/** An answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | ReadableStream<Uint8Array>;
  /** Whether who asked may see the page. Others are disconnected, and make room for those who may. */
  readonly isWelcome: boolean;
}

/** A server of HTTP/1.1. */
export class HttpServer {
  readonly #server: Server;
  readonly #seats: Seats<Socket>;
  readonly #busy = new Set<Socket>();

  private constructor(limits: Limits) {
    this.#seats = new Seats(limits.connections);
    this.#server = createServer({
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.nextRequestMs,
      connectionsCheckingInterval: limits.headMs / CHECKS_PER_HEAD,
      maxHeaderSize: limits.headBytes,
    });
    this.#server.timeout = limits.stalledMs;
    this.#server.on("connection", (socket) => this.#seat(socket));
  }

  /**
   * Listens on this IP address; port 0 takes a free one.
   *
   * @throws {Error} of the operating system's, with its `code`, when that cannot be
   */
  static async listen(host: string, port: number, limits = LIMITS): Promise<HttpServer> {
    const http = new HttpServer(limits);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    http.#server.once("error", reject);
    http.#server.listen(port, host, resolve);
    await promise;
    return http;
  }

  /** Answers every request so; to be called at once after {@link listen}. */
  serve(answer: (asked: Asked) => Reply): void {
    this.#server.on("request", (request, response) => this.#answer(request, response, answer));
  }

  /** Where it listens. */
  get address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  /** How many are connected. */
  get connections(): number {
    return this.#seats.size;
  }

  /** Ends all connections and frees the port. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#server.close(resolve);
    this.#server.closeAllConnections();
    await promise;
  }

  #seat(socket: Socket): void {
    socket.once("close", () => {
      this.#seats.leave(socket);
      this.#busy.delete(socket);
    });
    this.#seats.take(socket, socket.remoteAddress ?? "")?.destroy();
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (asked: Asked) => Reply,
  ): void {
    const { socket } = request;
    // No browser asks again before it was answered. Who does could pile up answers here.
    if (this.#busy.has(socket)) return void socket.destroy();
    this.#busy.add(socket);
    response.once("close", () => this.#busy.delete(socket));
    const asked = askedBy(request);
    const { status, headers, body, isWelcome } = asked === undefined ? UNREADABLE : answer(asked);
    if (isWelcome) this.#seats.welcome(socket);
    else response.setHeader("connection", "close");
    response.writeHead(status, headers);
    if (request.method === "HEAD") response.end();
    else if (typeof body === "string") response.end(body);
    else void pass(body, response);
  }
}

/** For what is HTTP and asks for nothing that could be on a server. */
const UNREADABLE: Reply = {
  status: 400,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "No address can be read from this request.\n",
  isWelcome: false,
};

/** `undefined` when the address is none. */
function askedBy({ method = "", url = "", rawHeaders }: IncomingMessage): Asked | undefined {
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  const isAbsolute = /^https?:\/\//i.test(url);
  const base = `http://${headers.get("host") ?? "unnamed.invalid"}`;
  const parsed = URL.parse(isAbsolute ? url : `${base}${url}`);
  return parsed === null ? undefined : { method, url: parsed.href, headers };
}

/** Passes a stream on as it comes and as it is read; ends it when the other side leaves. */
async function pass(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader();
  response.once("close", () => void reader.cancel());
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return void response.end();
    if (!response.write(value)) await roomIn(response);
  }
}

/** Until what was written is on its way, or nobody wants it any more. */
function roomIn(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("drain", resolve).once("close", resolve);
  return promise.finally(() => response.off("drain", resolve).off("close", resolve));
}
