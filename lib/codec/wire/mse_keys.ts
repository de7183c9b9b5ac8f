/**
 * Keys of message stream encryption, as libtorrent and Transmission implement it. A Diffie-Hellman exchange
 * gives a shared secret; each key also depends on the torrent's info-hash.
 *
 * @module
 */

import { fromHex, fromLatin1, hex } from "../bytes.ts";
import { sha1 } from "../hash.ts";
import { Rc4 } from "./rc4.ts";

/** Bytes of a public key, and of the shared secret. */
export const KEY_LENGTH = 96;

/** Bytes of a private key; 160 bits are usual. */
export const SECRET_LENGTH = 20;

const PRIME = BigInt(
  "0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090563",
);
const GENERATOR = 2n;

const REQ1 = fromLatin1("req1");
const REQ2 = fromLatin1("req2");
const REQ3 = fromLatin1("req3");
const KEY_A = fromLatin1("keyA");
const KEY_B = fromLatin1("keyB");

/** The first bytes of an RC4 keystream leak its key. */
const DROPPED_BYTES = 1024;

/** The public key for a secret: {@link KEY_LENGTH} bytes. Takes about 0.1 ms. */
export function publicKey(secret: Uint8Array): Uint8Array {
  return toBytes(power(GENERATOR, toInteger(secret)));
}

/** The shared secret, from our secret and the other side's public key. Takes about 0.15 ms. */
export function sharedSecret(theirPublicKey: Uint8Array, secret: Uint8Array): Uint8Array {
  return toBytes(power(toInteger(theirPublicKey), toInteger(secret)));
}

/**
 * Whether the first bytes of a connection may be a public key. Text is not: half of a key's bytes have the
 * high bit set.
 */
export function mayBeKey(firstBytes: Uint8Array): boolean {
  return firstBytes.some((byte) => byte >= 0x80);
}

/** 20 bytes that mark the end of the initiator's padding for the responder. */
export function markOf(shared: Uint8Array): Uint8Array {
  return sha1(REQ1, shared);
}

/** 20 bytes that identify a torrent to peers that know its info-hash. */
export function disguise(infoHash: Uint8Array, shared: Uint8Array): Uint8Array {
  return veiled(hashedInfoHash(infoHash), shared);
}

/** The {@link hashedInfoHash} of the info-hash that {@link disguise} was given. */
export function undisguise(disguised: Uint8Array, shared: Uint8Array): Uint8Array {
  return veiled(disguised, shared);
}

/** A hash of an info-hash: all that an encrypted handshake tells of it. 20 bytes each. */
export function hashedInfoHash(infoHash: Uint8Array): Uint8Array {
  return sha1(REQ2, infoHash);
}

/** Puts a veil on, or takes it off. */
function veiled(bytes: Uint8Array, shared: Uint8Array): Uint8Array {
  const veil = sha1(REQ3, shared);
  return bytes.map((byte, i) => byte ^ veil[i]!);
}

/** The ciphers of both directions. */
interface MseCiphers {
  /** From the initiator. */
  readonly fromInitiator: Rc4;
  /** From the responder. */
  readonly fromResponder: Rc4;
}

/** The ciphers of a connection for the torrent with this info-hash (20 bytes). */
export function ciphersOf(shared: Uint8Array, infoHash: Uint8Array): MseCiphers {
  const cipher = (name: Uint8Array) => new Rc4(sha1(name, shared, infoHash), DROPPED_BYTES);
  return { fromInitiator: cipher(KEY_A), fromResponder: cipher(KEY_B) };
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = result * result % PRIME;
    if (bit === "1") result = result * base % PRIME;
  }
  return result;
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes)}`);
}

function toBytes(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * KEY_LENGTH, "0"));
}
