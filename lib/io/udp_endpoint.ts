/**
 * Questions and answers over UDP with one address: who asked what is told by the transaction id.
 *
 * @module
 */

import { ipToBytes, normalizeIp } from "../codec/address.ts";
import { transactionOf } from "../codec/udp_tracker.ts";
import type { Clock } from "./clock.ts";

/** Room for the longest answer a tracker may send in one Ethernet frame, and some more. */
const RECEIVE_LENGTH = 2048;

/** A pause after a receive that failed, so that a socket that keeps failing takes no processor. */
const RECEIVE_RETRY_MS = 100;

/** What became of a question that got no answer. */
export class NoAnswer extends Error {
  /** `cause` is the error of the last attempt to send, when none could be sent. */
  constructor(cause?: unknown) {
    super("no answer", { cause });
    this.name = "NoAnswer";
  }
}

/** A UDP socket that talks to one address. Close it. */
export class UdpEndpoint {
  readonly #socket: Deno.DatagramConn;
  readonly #remote: Deno.NetAddr;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (answer: Uint8Array) => void>();
  readonly #closing = new AbortController();
  readonly #receiving: Promise<void>;

  /**
   * Opens a socket for the family of `remoteHost`.
   *
   * @param remoteHost An IP address.
   * @param localHost The address to send from; default the system's choice.
   * @throws when the machine does not have that family or address.
   */
  constructor(remoteHost: string, remotePort: number, clock: Clock, localHost?: string) {
    const any = ipToBytes(remoteHost).length === 4 ? "0.0.0.0" : "::";
    this.#socket = Deno.listenDatagram({
      transport: "udp",
      hostname: localHost ?? any,
      port: 0,
    });
    this.#remote = { transport: "udp", hostname: remoteHost, port: remotePort };
    this.#clock = clock;
    this.#receiving = this.#receive();
  }

  /**
   * Sends one packet, again after each of `waitsMs`, until an answer with its transaction id comes.
   *
   * @param packetFor The packet for a transaction id.
   * @throws {NoAnswer} when the waits are over; the signal's reason when it aborts.
   */
  async exchange(
    packetFor: (transactionId: number) => Uint8Array,
    waitsMs: readonly number[],
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const transactionId = this.#newTransactionId();
    const packet = packetFor(transactionId);
    const answered = new AbortController();
    let answer: Uint8Array | undefined;
    this.#waiting.set(transactionId, (bytes) => {
      answer ??= bytes;
      answered.abort();
    });
    const over = AbortSignal.any([signal, this.#closing.signal, answered.signal]);
    let sent = false;
    let fault: unknown;
    try {
      for (const waitMs of waitsMs) {
        signal.throwIfAborted();
        this.#closing.signal.throwIfAborted();
        try {
          await this.#socket.send(packet, this.#remote);
          sent = true;
        } catch (error) {
          fault = error;
        }
        await this.#clock.sleep(waitMs, over);
        if (answer !== undefined) return answer;
      }
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      throw new NoAnswer(sent ? undefined : fault);
    } finally {
      this.#waiting.delete(transactionId);
    }
  }

  /** Closes the socket; exchanges under way reject. */
  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#socket.close();
    }
    await this.#receiving;
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(RECEIVE_LENGTH);
    while (!this.#closing.signal.aborted) {
      let received;
      try {
        received = await this.#socket.receive(buffer);
      } catch {
        // Some systems report here that an earlier packet was refused. The exchange will time out.
        await this.#clock.sleep(RECEIVE_RETRY_MS, this.#closing.signal);
        continue;
      }
      const [packet, from] = received;
      const transactionId = transactionOf(packet);
      if (transactionId === undefined || !this.#isRemote(from)) continue;
      this.#waiting.get(transactionId)?.(packet.slice());
    }
  }

  #isRemote(from: Deno.Addr): boolean {
    return from.transport === "udp" && from.port === this.#remote.port &&
      withoutScope(from.hostname) === withoutScope(this.#remote.hostname);
  }

  #newTransactionId(): number {
    const id = new Uint32Array(1);
    do crypto.getRandomValues(id); while (this.#waiting.has(id[0]!));
    return id[0]!;
  }
}

/** One spelling of an address; the interface of a link-local one is not part of who answered. */
function withoutScope(host: string): string {
  return normalizeIp(host.replace(/%.*$/, ""));
}
