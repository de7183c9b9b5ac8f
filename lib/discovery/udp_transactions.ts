/**
 * Requests and answers over UDP with one address, matched by transaction id.
 *
 * @module
 */

import { ipToBytes, normalizeIp } from "../codec/address.ts";
import { reachOf } from "../codec/address_scope.ts";
import { transactionOf } from "../codec/discovery/udp_tracker.ts";
import type { Clock } from "../runtime/clock.ts";
import { listenDatagram } from "../runtime/datagrams.ts";

/** Enough for the longest answer a tracker may send in one Ethernet frame, and some more. */
const RECEIVE_LENGTH = 2048;

/** Pause after a failed receive, so that a socket that keeps failing does not use up the CPU. */
const RECEIVE_RETRY_MS = 100;

/**
 * Maximum number of packets from other addresses that match no open request. Each is a guess at 32 random
 * bits; after this many, such addresses are ignored.
 */
const MAX_STRAY_PACKETS = 64;
/** Maximum number of other addresses that may answer for the one that was asked. */
const MAX_ALIASES = 4;

/** Ends the wait for an answer. Without a reason of our own, each abort would make an exception with a stack. */
const ANSWERED = "answered";
/** Random numbers are drawn in lots, which costs a fraction of drawing them one by one. */
const RANDOM_LOT = 128;

/** A request got no answer. */
export class NoAnswer extends Error {
  /** @param cause The error of the last attempt to send, if no packet could be sent. */
  constructor(cause?: unknown) {
    super("no answer", { cause });
    this.name = "NoAnswer";
  }
}

/**
 * A UDP socket that communicates with one address. The owner must close it.
 *
 * A machine with several addresses may answer from a different one. Such an answer counts too, if it comes
 * from the port that was asked, carries the transaction id of an open request, and comes from no farther
 * away: a host outside the local network cannot answer for a tracker inside it. An attacker at its own
 * address gets only a few guesses, while one that forges the sender's address gets as many as the line
 * carries. So accepting such answers makes forgery no easier.
 */
export class UdpTransactions {
  readonly #socket: Deno.DatagramConn;
  readonly #remote: Deno.NetAddr;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (answer: Uint8Array) => void>();
  readonly #closing = new AbortController();
  readonly #receiving: Promise<void>;
  /** Other addresses that answers came from, besides {@link #remote}. */
  readonly #aliases = new Set<string>();
  readonly #random = new Uint32Array(RANDOM_LOT);
  #drawn = RANDOM_LOT;
  #strays = 0;

  /**
   * Opens a socket for the family of `remoteHost`.
   *
   * @param remoteHost An IP address.
   * @param localHost The address to send from; default the system's choice.
   * @throws if the machine lacks that family or address.
   */
  constructor(remoteHost: string, remotePort: number, clock: Clock, localHost?: string) {
    const any = ipToBytes(remoteHost).length === 4 ? "0.0.0.0" : "::";
    this.#socket = listenDatagram({
      transport: "udp",
      hostname: localHost ?? any,
      port: 0,
    });
    this.#remote = { transport: "udp", hostname: remoteHost, port: remotePort };
    this.#clock = clock;
    this.#receiving = this.#receive();
  }

  /**
   * Sends one packet, and again after each of `waitsMs`, until an answer with its transaction id arrives.
   *
   * @param packetFor Builds the packet for a transaction id.
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
      answered.abort(ANSWERED);
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

  /** Closes the socket; pending exchanges reject. */
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
      let packet: Uint8Array, from: Deno.Addr;
      try {
        [packet, from] = await this.#socket.receive(buffer);
      } catch {
        // Some systems report here that an earlier packet was refused. The exchange will time out.
        await this.#clock.sleep(RECEIVE_RETRY_MS, this.#closing.signal);
        continue;
      }
      const transactionId = transactionOf(packet);
      if (transactionId === undefined || !this.#mayAnswer(from, transactionId)) continue;
      this.#waiting.get(transactionId)?.(packet.slice());
    }
  }

  /** Whether a packet from this address with this transaction id is accepted. */
  #mayAnswer(from: Deno.Addr, transactionId: number): boolean {
    if (from.transport !== "udp" || from.port !== this.#remote.port) return false;
    const [host, asked] = [withoutScope(from.hostname), withoutScope(this.#remote.hostname)];
    if (host === asked || this.#aliases.has(host)) return true;
    if (this.#strays >= MAX_STRAY_PACKETS || !isAsNear(host, asked)) return false;
    if (!this.#waiting.has(transactionId)) {
      this.#strays++;
      return false;
    }
    if (this.#aliases.size < MAX_ALIASES) this.#aliases.add(host);
    return true;
  }

  #newTransactionId(): number {
    for (;;) {
      if (this.#drawn === RANDOM_LOT) {
        crypto.getRandomValues(this.#random);
        this.#drawn = 0;
      }
      const id = this.#random[this.#drawn++]!;
      if (!this.#waiting.has(id)) return id;
    }
  }
}

/**
 * Whether the IP address `host` is no farther away than `asked`: on this machine, on a local network,
 * anywhere. False if either of them is not an address that can be contacted.
 */
export function isAsNear(host: string, asked: string): boolean {
  const [reach, limit] = [reachOf(host), reachOf(asked)];
  return reach !== undefined && limit !== undefined && reach <= limit;
}

/** Normalizes an address. The zone of a link-local address does not identify the sender. */
function withoutScope(host: string): string {
  return normalizeIp(host.replace(/%.*$/, ""));
}
