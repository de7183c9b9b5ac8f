/**
 * Bencoded integers (BEP 3): int64, exact.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { latin1 } from "./bytes.ts";

/** The input is not bencoding, or exceeds a limit. */
export class BencodeError extends ProtocolError {
  /** Offset in the input, in bytes. */
  readonly offset: number;

  /** Creates an error at an offset. */
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

const ZERO = 0x30;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** No int64 has more digits. */
const INT64_DIGITS = 19;
/** This many digits always make an exact `number`. */
const SAFE_DIGITS = 15;

/**
 * The value of decimal digits: a `number` where that is exact, else a `bigint`.
 *
 * @param bytes the input, with digits from `start` to `end`; any number of leading zeros is allowed
 * @throws BencodeError beyond 64 bits
 */
export function integerOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  negative: boolean,
): number | bigint {
  let first = start;
  while (first < end - 1 && bytes[first] === ZERO) first++;
  if (end - first > INT64_DIGITS) throw new BencodeError("an integer exceeds 64 bits", start);
  if (end - first <= SAFE_DIGITS) {
    let magnitude = 0;
    for (let at = first; at < end; at++) magnitude = magnitude * 10 + bytes[at]! - ZERO;
    return negative && magnitude !== 0 ? -magnitude : magnitude;
  }
  const digits = latin1(bytes.subarray(first, end));
  const value = negative ? -BigInt(digits) : BigInt(digits);
  if (value > INT64_MAX || value < INT64_MIN) {
    throw new BencodeError("an integer exceeds 64 bits", start);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
