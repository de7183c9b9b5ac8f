/**
 * Stateless connection ids: a keyed hash of the time and the sender's address (BEP 15).
 *
 * An id proves that its holder receives packets sent to its address. It is the first 8 bytes of
 * HMAC-SHA256(secret, minute ‖ address). The port is left out because NAT routers may change it midway.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { concat, readUint32, writeUint32 } from "../../codec/bytes.ts";
import { halfSipHash, hashKeyFrom } from "../../codec/half_sip_hash.ts";

const BUCKET_MS = 60_000;

/**
 * How many earlier buckets are still accepted. Two make every id valid for two to three minutes, as BEP 15
 * requires of trackers.
 */
const PREVIOUS_BUCKETS = 2;

const ID_LENGTH = 8;
const IPV4_LENGTH = 4;

/** log2 of the number of cached ids. A client connects and announces a moment later. */
const REMEMBERED_BITS = 14;

/** Words of a cache key: four for the address, and one for the bucket and the family. */
const KEY_WORDS = 5;
/** Words of a cache slot: the key, the two words of the id, and one for padding to eight. */
const SLOT_WORDS = 8;

/**
 * Issues and checks connection ids.
 *
 * Computing an id takes longer than the rest of answering an announce, so recent ids are cached. A keyed hash
 * gives each id a single slot, and a later id for the same slot replaces it.
 */
export class ConnectionIds {
  readonly #secret: Uint8Array;
  readonly #hashKey: Uint32Array;
  readonly #slots = new Uint32Array(SLOT_WORDS << REMEMBERED_BITS);
  readonly #key = new Uint32Array(KEY_WORDS);

  /** @param secret 32 secret random bytes. */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
    this.#hashKey = hashKeyFrom(secret);
  }

  /** The 8-byte id for a client with this IP address (4 or 16 bytes) at this time. */
  issue(ip: Uint8Array, nowMs: number): Uint8Array {
    const at = this.#slotOf(ip, bucketOf(nowMs));
    const id = new Uint8Array(ID_LENGTH);
    writeUint32(id, writeUint32(id, 0, this.#slots[at]!), this.#slots[at + 1]!);
    return id;
  }

  /** Whether the first 8 bytes of `packet` are an id recently issued to this address. */
  accepts(packet: Uint8Array, ip: Uint8Array, nowMs: number): boolean {
    if (packet.length < ID_LENGTH) return false;
    const high = readUint32(packet, 0);
    const low = readUint32(packet, 4);
    const bucket = bucketOf(nowMs);
    for (let age = 0; age <= PREVIOUS_BUCKETS; age++) {
      const at = this.#slotOf(ip, bucket - age);
      // Both words are always compared, so that the timing reveals nothing about the right id.
      if (((this.#slots[at]! ^ high) | (this.#slots[at + 1]! ^ low)) === 0) return true;
    }
    return false;
  }

  /** The index of the slot that holds the id. Computes the id if it is not cached. */
  #slotOf(ip: Uint8Array, bucket: number): number {
    const key = this.#key;
    const isIPv4 = ip.length === IPV4_LENGTH;
    for (let i = 0; i < KEY_WORDS - 1; i++) key[i] = isIPv4 && i > 0 ? 0 : readUint32(ip, 4 * i);
    // The bucket may be as low as -PREVIOUS_BUCKETS, and this word must not be 0 in a used slot.
    key[KEY_WORDS - 1] = 2 * (bucket + PREVIOUS_BUCKETS + 1) + (isIPv4 ? 0 : 1);
    const hash = halfSipHash(this.#hashKey, key, 0, KEY_WORDS);
    const at = SLOT_WORDS * (hash >>> 32 - REMEMBERED_BITS);
    const slots = this.#slots;
    let same = 0;
    while (same < KEY_WORDS && slots[at + 2 + same] === key[same]) same++;
    if (same === KEY_WORDS) return at;
    slots.set(key, at + 2);
    const id = this.#compute(ip, bucket);
    slots[at] = readUint32(id, 0);
    slots[at + 1] = readUint32(id, 4);
    return at;
  }

  #compute(ip: Uint8Array, bucket: number): Uint8Array {
    const time = new Uint8Array(4);
    writeUint32(time, 0, bucket);
    return createHmac("sha256", this.#secret).update(concat(time, ip)).digest();
  }
}

function bucketOf(nowMs: number): number {
  return Math.floor(nowMs / BUCKET_MS);
}
