/**
 * The TCP port that peers connect to, shared by all torrents of a program.
 *
 * @module
 */

import { normalizeIp } from "../codec/address.ts";
import type { HandshakeHead } from "../codec/wire/handshake.ts";
import { NetworkError } from "../errors.ts";
import type { InfoHashes } from "../peer/connection/info_hashes.ts";
import { AcceptLimiter } from "../peer/peers/accept_limiter.ts";
import { Census } from "../peer/peers/network_usage.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { listenError, listenFault } from "../runtime/listen_error.ts";
import { rethrowBug } from "../runtime/operational_errors.ts";
import { exchangeAllowance } from "./encrypted_handshake.ts";
import { acceptHandshake, closeQuietly, type OpenedSocket } from "./handshake.ts";

const FIRST_PORT = 6881;
const PORTS_TO_TRY = 1000;
/**
 * Strangers that have connected and not yet said for which torrent. When one more comes, one has to go: of
 * the host that has most of them, then of the network, the one that has been silent longest. So a flood
 * of them does not keep out those who speak at once.
 */
const MAX_UNKNOWN = 200;

/** Somebody who accepts connections for one torrent. */
export interface TorrentAcceptor {
  /** What its torrent is asked for by, and what it answers then. */
  readonly infoHashes: Pick<InfoHashes, "all" | "answer">;
  /** A peer connected and shook hands. */
  accepted(socket: OpenedSocket, remote: Deno.NetAddr, v2: boolean): void;
}

/** A listening port. */
export class Listener implements AsyncDisposable {
  /** The port peers reach us at. */
  readonly port: number;
  /** The one address that they reach it at; absent when it is all of this machine. */
  readonly host: string | undefined;
  readonly #listener: Deno.TcpListener;
  readonly #clock: Clock;
  readonly #acceptors = new Set<TorrentAcceptor>();
  readonly #closed = new AbortController();
  readonly #loop: Promise<void>;
  readonly #visits = new AcceptLimiter();
  readonly #unknown = new Set<Deno.TcpConn>();
  readonly #greetings = new Set<Promise<void>>();
  readonly #desk;

  private constructor(listener: Deno.TcpListener, clock: Clock) {
    this.#listener = listener;
    this.#clock = clock;
    this.#desk = {
      answerFor: (head: HandshakeHead) => this.#route(head),
      infoHashes: () => [...this.#acceptors].flatMap(({ infoHashes }) => infoHashes.all),
      exchanges: exchangeAllowance(clock.nowMs()),
      clock,
    };
    const { hostname, port } = listener.addr as Deno.NetAddr;
    this.port = port;
    this.host = hostname === "::" || hostname === "0.0.0.0" ? undefined : normalizeIp(hostname);
    this.#loop = this.#acceptLoop();
  }

  /**
   * Listens on `port`; without one, on the first free port from 6881 on, or on any free one where
   * `portsToTry` ports from there are taken. 0 takes any free port.
   *
   * @throws {NetworkError} when the port asked for is taken or the address is not ours
   */
  static listen(
    port: number | undefined,
    host: string | undefined,
    portsToTry = PORTS_TO_TRY,
    clock: Clock = systemClock,
  ): Listener {
    const hostname = host ?? anyAddress();
    // At last any free port, where a whole range is taken, or reserved by the system.
    const candidates = port === undefined
      ? [...Array.from({ length: portsToTry }, (_, i) => FIRST_PORT + i), 0]
      : [port];
    for (const candidate of candidates) {
      try {
        return new Listener(Deno.listen({ hostname, port: candidate }), clock);
      } catch (error) {
        if (candidate !== candidates.at(-1) && isTaken(error)) continue;
        throw listenError(error, "peers", hostname, candidate);
      }
    }
    throw new NetworkError("no free port");
  }

  /** Takes part in routing: connections for its torrent go to it. */
  add(acceptor: TorrentAcceptor): void {
    this.#acceptors.add(acceptor);
  }

  /** Its torrent is not accepted any more. */
  remove(acceptor: TorrentAcceptor): void {
    this.#acceptors.delete(acceptor);
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#closed.abort();
    closeQuietly(this.#listener);
    await this.#loop;
    await Promise.all(this.#greetings);
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #acceptLoop(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#closed.signal.aborted) return;
        // Too many open files, or a connection that ended before it was accepted: go on.
        if (error instanceof Deno.errors.BadResource) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      if (!this.#visits.allow(normalizeIp(conn.remoteAddr.hostname), this.#clock.nowMs())) {
        closeQuietly(conn);
        continue;
      }
      this.#makeRoom();
      this.#unknown.add(conn);
      const greeting = this.#greet(conn).finally(() => this.#greetings.delete(greeting));
      this.#greetings.add(greeting);
    }
  }

  #makeRoom(): void {
    if (this.#unknown.size < MAX_UNKNOWN) return;
    const crowd = new Census(this.#unknown, (conn) => normalizeIp(conn.remoteAddr.hostname));
    const longest = crowd.ofLargest()!;
    this.#unknown.delete(longest);
    closeQuietly(longest);
  }

  async #greet(conn: Deno.TcpConn): Promise<void> {
    const addr = conn.remoteAddr;
    const remote: Deno.NetAddr = { ...addr, hostname: normalizeIp(addr.hostname) };
    let opened;
    try {
      opened = await acceptHandshake(conn, this.#desk, this.#closed.signal);
    } catch (error) {
      closeQuietly(conn);
      rethrowBug(error); // a stranger that does not speak to any torrent here
      return;
    } finally {
      this.#unknown.delete(conn);
    }
    // What becomes of it is no stranger's fault any more.
    opened.settled.acceptor.accepted(opened, remote, opened.settled.v2);
  }

  #route(head: HandshakeHead) {
    for (const acceptor of this.#acceptors) {
      const found = acceptor.infoHashes.answer(head);
      if (found !== undefined) return { ...found, acceptor };
    }
    return undefined;
  }
}

/** Whether another port may be free. Windows reserves ranges of them, with another error. */
function isTaken(error: unknown): boolean {
  const fault = listenFault(error);
  return fault === "taken" || fault === "forbidden";
}

/** `::` takes IPv4 as well; a machine without IPv6 has to do with `0.0.0.0`. */
function anyAddress(): string {
  try {
    closeQuietly(Deno.listen({ hostname: "::", port: 0 }));
    return "::";
  } catch {
    return "0.0.0.0";
  }
}
