/**
 * The handshakes of message stream encryption (MSE), as libtorrent and Transmission implement it. They
 * consume received bytes, produce bytes to send, and end with how the connection continues.
 *
 * | from      | bytes                                                                                |
 * | --------- | ------------------------------------------------------------------------------------ |
 * | initiator | public key, padding                                                                  |
 * | responder | public key, padding                                                                  |
 * | initiator | mark, disguised info-hash, RC4(8 zeros, offer u32, u16 + padding, u16 + first bytes) |
 * | responder | RC4(8 zeros, choice u32, u16 + padding)                                              |
 *
 * Offer and choice decide how everything that follows is sent: in plain or in the same two RC4 streams.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import { concat, equalBytes, readUint16, readUint32, writeUint16, writeUint32 } from "../bytes.ts";
import { HANDSHAKE_LENGTH } from "./handshake.ts";
import {
  ciphersOf,
  disguise,
  KEY_LENGTH,
  markOf,
  publicKey,
  sharedSecret,
  undisguise,
} from "./mse_keys.ts";
import type { Rc4 } from "./rc4.ts";

/** The longest padding either side may send at each place. */
export const MAX_PADDING = 512;

/** The encryption methods: bits of an offer, one of which is the choice. */
const PLAIN = 1;
const RC4 = 2;

/** Zeros that prove, once decrypted, that both sides have the same keys. */
const PROOF_LENGTH = 8;
const HASH_LENGTH = 20;
/** Only the BitTorrent handshake may be sent this early; libtorrent has the same limit. */
const MAX_FIRST_BYTES = HANDSHAKE_LENGTH;

/** What an exchange needs next: send these bytes, or, if `undefined`, receive more. */
type MseWant = Uint8Array | undefined;

/** How a connection continues after the exchange. */
export interface MseOutcome {
  /** The info-hash of the torrent. */
  readonly infoHash: Uint8Array;
  /** Bytes already received after the exchange, decrypted. */
  readonly received: Uint8Array;
  /** The ciphers to continue with; absent when the connection continues in plain. */
  readonly ciphers?: { readonly incoming: Rc4; readonly outgoing: Rc4 };
}

/**
 * One side of an exchange. Pass `next` the bytes that have arrived, if any. It throws a ProtocolError as
 * soon as the other side turns out not to speak this protocol.
 */
export type MseExchange = Generator<MseWant, MseOutcome, Uint8Array | undefined>;

/** Finds an info-hash by its hash. */
type FindInfoHash = (hashed: Uint8Array) => Uint8Array | undefined;

/** What both sides need. */
interface MseOptions {
  /** Random bytes, usually 20, used for one connection. */
  readonly secret: Uint8Array;
  /** Random bytes, at most {@link MAX_PADDING}, that hide the length of the first message. */
  readonly padding: Uint8Array;
}

/**
 * The responder. Chooses plain over RC4, which costs CPU time, if both are offered.
 *
 * @param infoHashOf the info-hash, 20 bytes, whose hash is this: see {@link hashedInfoHash}; `undefined` when
 * no torrent here has it
 */
export function* respond(options: MseOptions, infoHashOf: FindInfoHash): MseExchange {
  const inbox = new Inbox();
  const theirKey = yield* inbox.take(KEY_LENGTH);
  yield concat(publicKey(options.secret), options.padding);
  const shared = sharedSecret(theirKey, options.secret);
  yield* inbox.skipPast(markOf(shared));
  const infoHash = infoHashOf(undisguise(yield* inbox.take(HASH_LENGTH), shared));
  if (infoHash === undefined) throw new ProtocolError("asks for a torrent that is not here");
  const { fromInitiator, fromResponder } = ciphersOf(shared, infoHash);
  const proof = fromInitiator.apply(yield* inbox.take(PROOF_LENGTH));
  if (proof.some((byte) => byte !== 0)) throw new ProtocolError("has other keys");
  const choice = choose(yield* readChoice(inbox, fromInitiator));
  const firstBytes = yield* readCounted(inbox, fromInitiator, MAX_FIRST_BYTES);
  yield fromResponder.apply(encodeChoice(choice));
  const rest = inbox.takeAll();
  if (choice === PLAIN) return { infoHash, received: concat(firstBytes, rest) };
  const received = concat(firstBytes, fromInitiator.apply(rest));
  return { infoHash, received, ciphers: { incoming: fromInitiator, outgoing: fromResponder } };
}

/**
 * The initiator. It offers both methods.
 *
 * @param infoHash 20 bytes
 * @param firstBytes the BitTorrent handshake, which this way arrives a round trip earlier than after the
 * exchange
 */
export function* initiate(
  options: MseOptions,
  infoHash: Uint8Array,
  firstBytes: Uint8Array,
): MseExchange {
  const inbox = new Inbox();
  yield concat(publicKey(options.secret), options.padding);
  const shared = sharedSecret(yield* inbox.take(KEY_LENGTH), options.secret);
  const { fromInitiator, fromResponder } = ciphersOf(shared, infoHash);
  const offer = concat(encodeChoice(PLAIN | RC4), new Uint8Array(2), firstBytes);
  writeUint16(offer, offer.length - firstBytes.length - 2, firstBytes.length);
  yield concat(markOf(shared), disguise(infoHash, shared), fromInitiator.apply(offer));
  yield* inbox.skipPast(fromResponder.apply(new Uint8Array(PROOF_LENGTH)));
  const choice = yield* readChoice(inbox, fromResponder);
  const rest = inbox.takeAll();
  if (choice === PLAIN) return { infoHash, received: rest };
  if (choice !== RC4) throw new ProtocolError(`chose encryption ${choice}, which was not offered`);
  const received = fromResponder.apply(rest);
  return { infoHash, received, ciphers: { incoming: fromResponder, outgoing: fromInitiator } };
}

/** Prefers plain, which costs nothing from then on. */
function choose(offer: number): number {
  if ((offer & PLAIN) !== 0) return PLAIN;
  if ((offer & RC4) !== 0) return RC4;
  throw new ProtocolError(`offers encryption ${offer}, which is none`);
}

/** The proof, an offer or a choice, and no padding, since the length is hidden anyway. */
function encodeChoice(choice: number): Uint8Array {
  const bytes = new Uint8Array(PROOF_LENGTH + 4 + 2);
  writeUint32(bytes, PROOF_LENGTH, choice);
  return bytes;
}

/** Reads an offer or a choice and skips the padding after it. */
function* readChoice(inbox: Inbox, cipher: Rc4): Taking<number> {
  const choice = readUint32(cipher.apply(yield* inbox.take(4)), 0);
  yield* readCounted(inbox, cipher, MAX_PADDING);
  return choice;
}

/** Reads a two-byte count and that many bytes. */
function* readCounted(inbox: Inbox, cipher: Rc4, most: number): Taking<Uint8Array> {
  const length = readUint16(cipher.apply(yield* inbox.take(2)), 0);
  if (length > most) throw new ProtocolError(`sends ${length} bytes where ${most} are allowed`);
  return cipher.apply(yield* inbox.take(length));
}

type Taking<T> = Generator<undefined, T, Uint8Array | undefined>;

/** Received bytes that have not been taken: at most one read more than is needed. */
class Inbox {
  #bytes: Uint8Array = new Uint8Array();

  /** The next bytes, as a copy, once they have all arrived. */
  *take(count: number): Taking<Uint8Array> {
    while (this.#bytes.length < count) yield* this.#more();
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** All received bytes. */
  takeAll(): Uint8Array {
    return this.#bytes.slice();
  }

  /** Skips padding and the mark at its end. */
  *skipPast(mark: Uint8Array): Taking<void> {
    for (let at = 0; at <= MAX_PADDING; at++) {
      while (this.#bytes.length < at + mark.length) yield* this.#more();
      if (!equalBytes(this.#bytes.subarray(at, at + mark.length), mark)) continue;
      this.#bytes = this.#bytes.subarray(at + mark.length);
      return;
    }
    throw new ProtocolError("does not end its padding");
  }

  *#more(): Taking<void> {
    const bytes = yield undefined;
    if (bytes !== undefined) this.#bytes = concat(this.#bytes, bytes);
  }
}
