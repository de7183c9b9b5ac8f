/**
 * The TCP port that peers connect to, shared by all torrents of a program.
 *
 * @module
 */

import { normalizeIp } from "../codec/address.ts";
import type { HandshakeHead } from "../codec/wire/handshake.ts";
import { NetworkError } from "../errors.ts";
import { AcceptLimiter } from "../peer/peers/accept_limiter.ts";
import { Census } from "../peer/peers/network_usage.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { listenError, listenFault } from "../runtime/listen_error.ts";
import { rethrowBug } from "../runtime/operational_errors.ts";
import { exchangeAllowance } from "./encrypted_handshake.ts";
import { acceptHandshake, closeQuietly, type OpenedSocket } from "./handshake.ts";
import { type RoutedTorrent, TorrentRoutes } from "./torrent_routes.ts";

const FIRST_PORT = 6881;
const PORTS_TO_TRY = 1000;
/**
 * Maximum number of connections whose handshake has not named a torrent yet. Beyond this, the longest-waiting
 * connection of the largest host or network is closed, so that a flood does not keep out peers that send
 * their handshake at once.
 */
const MAX_UNKNOWN = 200;

/** Accepts connections for one torrent. */
export interface TorrentAcceptor extends RoutedTorrent {
  /** Called when a peer has connected and exchanged handshakes. */
  accepted(socket: OpenedSocket, remote: Deno.NetAddr, v2: boolean): void;
}

/** The listening port. */
export class Listener implements AsyncDisposable {
  /** The port peers connect to. */
  readonly port: number;
  /** The one address it listens on; absent if it listens on all of this machine's. */
  readonly host: string | undefined;
  readonly #listener: Deno.TcpListener;
  readonly #clock: Clock;
  readonly #routes = new TorrentRoutes<TorrentAcceptor>();
  readonly #closed = new AbortController();
  readonly #loop: Promise<void>;
  readonly #accepts = new AcceptLimiter();
  readonly #unknown = new Set<Deno.TcpConn>();
  readonly #handshakes = new Set<Promise<void>>();
  readonly #responder;

  private constructor(listener: Deno.TcpListener, clock: Clock) {
    this.#listener = listener;
    this.#clock = clock;
    this.#responder = {
      answerFor: (head: HandshakeHead) => this.#routes.find(head),
      infoHashOf: (hashed: Uint8Array) => this.#routes.infoHashOf(hashed),
      exchanges: exchangeAllowance(clock.nowMs()),
      clock,
    };
    const { hostname, port } = listener.addr as Deno.NetAddr;
    this.port = port;
    this.host = hostname === "::" || hostname === "0.0.0.0" ? undefined : normalizeIp(hostname);
    this.#loop = this.#acceptLoop();
  }

  /**
   * Listens on `port`. If it is undefined, uses the first free port of the `portsToTry` ports from 6881 on,
   * or any free one if all of them are taken. 0 takes any free port.
   *
   * @throws {NetworkError} if the requested port is taken or the address is not this machine's
   */
  static listen(
    port: number | undefined,
    host: string | undefined,
    portsToTry = PORTS_TO_TRY,
    clock: Clock = systemClock,
  ): Listener {
    const hostname = host ?? anyAddress();
    // The final 0 asks for any free port, in case the whole range is taken or reserved by the system.
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

  /** Routes connections for the acceptor's torrent to it. Call it again when its info-hashes change. */
  add(acceptor: TorrentAcceptor): void {
    this.#routes.set(acceptor);
  }

  /** Stops accepting connections for the acceptor's torrent. */
  remove(acceptor: TorrentAcceptor): void {
    this.#routes.delete(acceptor);
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#closed.abort();
    closeQuietly(this.#listener);
    await this.#loop;
    await Promise.all(this.#handshakes);
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
        // Other errors are too many open files, or a connection that ended before it was accepted: go on.
        if (error instanceof Deno.errors.BadResource) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      if (!this.#accepts.allow(normalizeIp(conn.remoteAddr.hostname), this.#clock.nowMs())) {
        closeQuietly(conn);
        continue;
      }
      this.#makeRoom();
      this.#unknown.add(conn);
      const handshake = this.#shakeHands(conn).finally(() => this.#handshakes.delete(handshake));
      this.#handshakes.add(handshake);
    }
  }

  #makeRoom(): void {
    if (this.#unknown.size < MAX_UNKNOWN) return;
    const crowd = new Census(this.#unknown, (conn) => normalizeIp(conn.remoteAddr.hostname));
    const longest = crowd.ofLargest()!;
    this.#unknown.delete(longest);
    closeQuietly(longest);
  }

  async #shakeHands(conn: Deno.TcpConn): Promise<void> {
    const addr = conn.remoteAddr;
    const remote: Deno.NetAddr = { ...addr, hostname: normalizeIp(addr.hostname) };
    let opened;
    try {
      opened = await acceptHandshake(conn, this.#responder, this.#closed.signal);
    } catch (error) {
      closeQuietly(conn);
      rethrowBug(error); // the peer does not ask for a torrent here
      return;
    } finally {
      this.#unknown.delete(conn);
    }
    // Errors from here on are bugs and no longer the peer's doing.
    opened.settled.torrent.accepted(opened, remote, opened.settled.v2);
  }
}

/** Whether another port may be free. Windows reserves port ranges and reports a different error for them. */
function isTaken(error: unknown): boolean {
  const fault = listenFault(error);
  return fault === "taken" || fault === "forbidden";
}

/** `::` accepts IPv4 as well; a machine without IPv6 needs `0.0.0.0`. */
function anyAddress(): string {
  try {
    closeQuietly(Deno.listen({ hostname: "::", port: 0 }));
    return "::";
  } catch {
    return "0.0.0.0";
  }
}
