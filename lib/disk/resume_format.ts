/**
 * The format of the resume file beside an unfinished download, which notes the pieces that were verified
 * and written.
 *
 * The thread that writes a piece sets the piece's byte afterwards. So after a crash of the program, every
 * noted piece is on disk. After a crash of the machine it may not be, because the system may have written
 * the note before the piece. Therefore the record contains the identity of the boot it was made in. After
 * a reboot it is trusted only if the program had closed the files.
 *
 * | bytes | what |
 * |---|---|
 * | 0–15 | `shoal resume 2` and two zeros |
 * | 16–35 | info-hash, v1 or the first 20 bytes of v2 |
 * | 36–71 | identity of the boot, text; zeros if unknown |
 * | 72 | 1: closed cleanly |
 * | 73 | 1: another program wrote to the data; nothing below is trusted |
 * | 76–79 | number of pieces, u32 |
 * | 80–83 | salt of the notes, u32 |
 * | 84–115 | SHA-256 of which files hold the data, and their lengths, see `file_states.ts` |
 * | 116–147 | the same with their times, when closed cleanly |
 * | 148–179 | SHA-256 of bytes 0 to 147 and of the notes, when closed cleanly |
 * | 180–… | one byte per piece: 0 missing, 1 to 127 verified, 129 to 255 verified by SHA-1 only; the |
 * |       | exact value depends on the salt and the piece, so that foreign notes are recognized |
 * | then | the torrent as far as known, as in a .torrent file |
 *
 * @module
 */

import { equalBytes, textOf, utf8, viewOf } from "../codec/bytes.ts";
import { sha256 } from "../codec/hash.ts";
import type { FileId } from "./exclusive_file.ts";

/** Offset of the map of pieces. */
export const RESUME_MAP_OFFSET = 180;

/** The note of a piece that is missing or incomplete. */
export const NOTE_MISSING = 0;
/** The note of a piece that is verified with the torrent's best hash. */
export const NOTE_VERIFIED = 1;
/** The note of a hybrid's piece that was verified by SHA-1 only. */
export const NOTE_SHA1 = 2;

const FAMILY = utf8("shoal resume ");
const MAGIC = utf8("shoal resume 2\0\0");
const BOOT_LENGTH = 36, HASH_LENGTH = 32;
const HASH_AT = 16, BOOT_AT = 36, COUNT_AT = 76, SALT_AT = 80, IDENTITY_AT = 84, STAMP_AT = 116;
const CHECKSUM_AT = 148;

/** Offset of the byte that says the files were closed. */
export const CLOSED_AT = 72;
/** Offset of the byte that says another program wrote to the data. */
export const DOUBTED_AT = 73;

/** The parts of a new record. */
interface RecordParts {
  /** v1, 20 bytes, or v2, 32 bytes. */
  readonly infoHash: Uint8Array;
  /** Boot identity; empty if there is none. */
  readonly boot: string;
  readonly salt: number;
  /** Hash of which files hold the data, 32 bytes. */
  readonly identity: Uint8Array;
  /** One `NOTE_…` per piece. */
  readonly map: Uint8Array;
  readonly torrent: Uint8Array;
}

/** A decoded record. */
interface ResumeRecord extends Omit<RecordParts, "infoHash"> {
  readonly isClosed: boolean;
  readonly isDoubted: boolean;
  /** Stamp of the data when it was closed, 32 bytes. */
  readonly stamp: Uint8Array;
  /** Every note is valid for its piece. */
  readonly isIntact: boolean;
  /** The checksum is right; closed records have one. */
  readonly isSealed: boolean;
}

/** Whether a file beginning with these bytes is a resume file of any version. */
export function beginsRecord(bytes: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, FAMILY.length), FAMILY);
}

/** Bytes needed to recognize a resume file. */
export const RECORD_BEGINNING = FAMILY.length;

/** The byte that notes a piece. */
export function encodeNote(salt: number, piece: number, note: number): number {
  if (note === NOTE_MISSING) return 0;
  return (note === NOTE_SHA1 ? 129 : 1) + scrambled(salt, piece) % 127;
}

/** Encodes a new record, not closed and not doubted. */
export function encodeRecord(parts: RecordParts): Uint8Array<ArrayBuffer> {
  const { infoHash, boot, salt, identity, map, torrent } = parts;
  const bytes = new Uint8Array(RESUME_MAP_OFFSET + map.length + torrent.length);
  const view = viewOf(bytes);
  bytes.set(MAGIC);
  bytes.set(infoHash.subarray(0, 20), HASH_AT);
  bytes.set(utf8(boot).subarray(0, BOOT_LENGTH), BOOT_AT);
  view.setUint32(COUNT_AT, map.length);
  view.setUint32(SALT_AT, salt);
  bytes.set(identity, IDENTITY_AT);
  for (const [piece, note] of map.entries()) {
    bytes[RESUME_MAP_OFFSET + piece] = encodeNote(salt, piece, note);
  }
  bytes.set(torrent, RESUME_MAP_OFFSET + map.length);
  return bytes;
}

/** The number of pieces a record claims; `undefined` if the header is not for this torrent. */
export function countIn(head: Uint8Array, infoHash: Uint8Array): number | undefined {
  if (head.length < RESUME_MAP_OFFSET) return undefined;
  if (!equalBytes(head.subarray(0, MAGIC.length), MAGIC)) return undefined;
  const hash = head.subarray(HASH_AT, HASH_AT + 20);
  if (!equalBytes(hash, infoHash.subarray(0, 20))) return undefined;
  return viewOf(head).getUint32(COUNT_AT);
}

/** Decodes a record; `undefined` if it is for another torrent or truncated. */
export function decodeRecord(bytes: Uint8Array, infoHash: Uint8Array): ResumeRecord | undefined {
  const count = countIn(bytes, infoHash);
  if (count === undefined || bytes.length < RESUME_MAP_OFFSET + count) return undefined;
  const salt = viewOf(bytes).getUint32(SALT_AT);
  const end = RESUME_MAP_OFFSET + count;
  const map = new Uint8Array(count);
  let isIntact = true;
  for (let piece = 0; piece < count; piece++) {
    const byte = bytes[RESUME_MAP_OFFSET + piece]!;
    const note = byte === 0 ? NOTE_MISSING : byte < 128 ? NOTE_VERIFIED : NOTE_SHA1;
    isIntact &&= byte === encodeNote(salt, piece, note);
    map[piece] = note;
  }
  const at = (offset: number) => bytes.slice(offset, offset + HASH_LENGTH);
  return {
    boot: textOf(bytes.subarray(BOOT_AT, BOOT_AT + BOOT_LENGTH)).replace(/\0+$/, ""),
    salt,
    identity: at(IDENTITY_AT),
    stamp: at(STAMP_AT),
    map,
    torrent: bytes.slice(end),
    isClosed: bytes[CLOSED_AT] === 1,
    isDoubted: bytes[DOUBTED_AT] !== 0,
    isIntact,
    isSealed: equalBytes(at(CHECKSUM_AT), checksumOf(bytes, end)),
  };
}

/** The first {@link RESUME_MAP_OFFSET} bytes of a record whose files were closed with this stamp. */
export function sealRecord(bytes: Uint8Array, stamp: Uint8Array): Uint8Array {
  const end = RESUME_MAP_OFFSET + viewOf(bytes).getUint32(COUNT_AT);
  const sealed = bytes.slice(0, end);
  sealed[CLOSED_AT] = 1;
  sealed.set(stamp, STAMP_AT);
  sealed.set(checksumOf(sealed, end), CHECKSUM_AT);
  return sealed.subarray(0, RESUME_MAP_OFFSET);
}

function checksumOf(bytes: Uint8Array, end: number): Uint8Array {
  return sha256(bytes.subarray(0, CHECKSUM_AT), bytes.subarray(RESUME_MAP_OFFSET, end));
}

/**
 * Mixes salt and piece with the MurmurHash3 finalizer. This does not stop forgers, only programs that fill
 * in ones.
 */
function scrambled(salt: number, piece: number): number {
  let mixed = salt ^ Math.imul(piece + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** What a thread needs to note pieces in a resume file. */
export interface NotesPlace {
  readonly path: string;
  readonly id: FileId;
  /** See {@link encodeNote}. */
  readonly salt: number;
}
