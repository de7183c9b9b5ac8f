/**
 * Byte arrays, and their text forms: hex, base32, UTF-8.
 *
 * @module
 */

const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const BASE32_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** `String.fromCharCode` takes its arguments on the stack, so long arrays are converted in slices. */
const CHARACTERS_PER_CALL = 8192;
/** The top six bits of UTF-16 high and low surrogates, which together encode characters beyond U+FFFF. */
const [HIGH_HALF, LOW_HALF] = [0xd800 >> 10, 0xdc00 >> 10];

const encoder = new TextEncoder();
const lossyDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

/** Lower-case hex, two digits a byte. */
export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX_PAIRS[byte];
  return text;
}

/**
 * Bytes from hex of either case.
 *
 * @throws RangeError when the text has an odd length or anything but hex digits.
 */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) throw new RangeError("not hex");
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/**
 * Bytes from base32 (RFC 4648 alphabet, either case, no padding characters). Bits that do not fill a
 * last byte are dropped.
 *
 * @throws RangeError on a character outside the alphabet.
 */
export function fromBase32(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor(text.length * 5 / 8));
  let buffered = 0;
  let bitCount = 0;
  let length = 0;
  for (const character of text.toUpperCase()) {
    const digit = BASE32_ALPHABET.indexOf(character);
    if (digit < 0) throw new RangeError("not base32");
    buffered = (buffered << 5 | digit) & 0xfff;
    bitCount += 5;
    if (bitCount < 8) continue;
    bitCount -= 8;
    bytes[length++] = buffered >> bitCount;
  }
  return bytes;
}

/** Concatenates the parts into a new array. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Whether both arrays are equal. Not for secrets: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Compares like `memcmp`: negative when `a` comes first; a prefix comes before the longer array. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** A "binary string": one character for each byte, U+0000 to U+00FF. It keeps every byte and its order. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += CHARACTERS_PER_CALL) {
    // `apply` takes any array-like, and is four times as fast as spreading.
    const slice = bytes.subarray(i, i + CHARACTERS_PER_CALL) as unknown as number[];
    text += String.fromCharCode.apply(null, slice);
  }
  return text;
}

/**
 * The bytes of a binary string; the reverse of {@link latin1}.
 *
 * @throws RangeError on a character above U+00FF, which has no byte.
 */
export function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError("a binary string holds a character above U+00FF");
    bytes[i] = code;
  }
  return bytes;
}

/** The UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The length of {@link utf8}'s result, without creating it. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    length += code < 0x800 ? 1 : 2;
    // A surrogate pair takes four bytes.
    if (code >> 10 === HIGH_HALF && text.charCodeAt(i + 1) >> 10 === LOW_HALF) i++;
  }
  return length;
}

/** Decodes UTF-8; invalid bytes become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return lossyDecoder.decode(unshared(bytes));
}

/** Decodes UTF-8, or returns `undefined` when the bytes are invalid. */
export function strictTextOf(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(unshared(bytes));
  } catch {
    return undefined;
  }
}

/** A `DataView` over exactly these bytes, wherever they are in their buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Copies shared memory, which TextDecoder refuses. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? bytes as Uint8Array<ArrayBuffer>
    : new Uint8Array(bytes);
}

/** The unsigned 32-bit number at `offset`. The caller has checked that four bytes are there. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) |
    bytes[offset + 3]!) >>> 0;
}

/** The unsigned 16-bit number at `offset`. The caller has checked that two bytes are there. */
export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** Writes the low 32 bits of `value` at `offset` and returns the offset after them. */
export function writeUint32(bytes: Uint8Array, offset: number, value: number): number {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
  return offset + 4;
}

/** Writes the low 16 bits of `value` at `offset` and returns the offset after them. */
export function writeUint16(bytes: Uint8Array, offset: number, value: number): number {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
  return offset + 2;
}
