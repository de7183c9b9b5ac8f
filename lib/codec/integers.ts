/**
 * Big-endian integers at an offset of a byte array, without a `DataView` per message.
 *
 * The wire's numbers are unsigned: JavaScript's shifts are signed 32-bit, so the last step of
 * reading is `>>> 0`.
 *
 * @module
 */

/** The unsigned 32-bit number at `offset`. The caller has checked that four bytes are there. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) |
    bytes[offset + 3]!) >>> 0;
}

/** The unsigned 16-bit number at `offset`. The caller has checked that two bytes are there. */
export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** Writes the low 32 bits of `value` at `offset` and returns the offset behind them. */
export function writeUint32(bytes: Uint8Array, offset: number, value: number): number {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
  return offset + 4;
}

/** Writes the low 16 bits of `value` at `offset` and returns the offset behind them. */
export function writeUint16(bytes: Uint8Array, offset: number, value: number): number {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
  return offset + 2;
}
