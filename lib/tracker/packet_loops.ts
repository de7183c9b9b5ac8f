/**
 * Receives packets on the sockets of a tracker, passes them to {@link TrackerCore}, and sends the answers.
 *
 * @module
 */

import { formatHostPort, normalizeIp } from "../codec/address.ts";
import type { Clock } from "../runtime/clock.ts";
import { ResponseBuffer } from "./core/response_buffer.ts";
import type { TrackerCore } from "./core/tracker_core.ts";
import type { TrackerSockets } from "./sockets.ts";

/** Longer than any request, which is 16 bytes and 74 hashes, or an announce with a long URL. */
const RECEIVE_LENGTH = 2048;

/** Pause after a failed receive, so that a socket that keeps failing does not use up the CPU. */
const RECEIVE_RETRY_MS = 100;

/** One loop for each socket. The owner must close them. */
export class PacketLoops {
  /** Answers that the system refused to send. */
  sendFailures = 0;
  readonly #core: TrackerCore;
  readonly #sockets: TrackerSockets;
  readonly #clock: Clock;
  readonly #onWarning: (message: string) => void;
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  /** Begins at once. */
  constructor(
    core: TrackerCore,
    sockets: TrackerSockets,
    clock: Clock,
    onWarning: (message: string) => void,
  ) {
    this.#core = core;
    this.#sockets = sockets;
    this.#clock = clock;
    this.#onWarning = onWarning;
    for (const socket of sockets.values()) this.#start(socket);
  }

  /** Resolves when all loops that run now have ended. */
  get done(): Promise<void> {
    return Promise.all(this.#running).then(() => {});
  }

  /** Call when this machine's addresses may have changed. */
  followAddresses(): void {
    for (const socket of this.#sockets.refresh()) this.#start(socket);
  }

  /** Closes the sockets, which ends the loops. */
  close(): void {
    this.#closing.abort();
    this.#sockets.close();
  }

  #start(socket: Deno.DatagramConn): void {
    const loop = this.#receive(socket).finally(() => this.#running.delete(loop));
    this.#running.add(loop);
  }

  /** Handles one packet at a time; a backlog waits in the system's bounded buffer. */
  async #receive(socket: Deno.DatagramConn): Promise<void> {
    const buffer = new Uint8Array(RECEIVE_LENGTH);
    const into = new ResponseBuffer();
    const closing = this.#closing.signal;
    while (!closing.aborted) {
      let packet: Uint8Array, from: Deno.Addr;
      try {
        [packet, from] = await socket.receive(buffer);
      } catch {
        if (!this.#sockets.includes(socket)) return; // the machine lost this address
        // Some systems report here that a packet sent earlier was refused, which is no reason to stop.
        await this.#clock.sleep(RECEIVE_RETRY_MS, closing);
        continue;
      }
      const answer = this.#answer(packet, from as Deno.NetAddr, into);
      if (answer === undefined) continue;
      try {
        // Awaited because the next answer reuses the buffer. In most cases the packet is already sent.
        await socket.send(answer, from);
      } catch {
        this.sendFailures++;
      }
    }
  }

  #answer(packet: Uint8Array, from: Deno.NetAddr, into: ResponseBuffer): Uint8Array | undefined {
    try {
      return this.#core.handle(packet, from, this.#clock.nowMs(), into);
    } catch (error) {
      const where = formatHostPort(normalizeIp(from.hostname), from.port);
      this.#onWarning(`A packet from ${where} met a fault: ${error}`);
      return undefined;
    }
  }
}
