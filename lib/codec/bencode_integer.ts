/**
 * Bencoded integers (BEP 3): int64, exact.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";

/** Bytes that are not bencoding, or more than the limits allow. */
export class BencodeError extends ProtocolError {
  /** Where in the input, in bytes. */
  readonly offset: number;

  /** An error at an offset. */
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
/** No int64 has more digits. */
export const INT64_DIGITS = 19;
/** This many digits always make an exact `number`. */
const SAFE_DIGITS = 15;

/**
 * The value of decimal digits: a `number` where that is exact, else a `bigint`.
 *
 * @param offset where they stand in the input
 * @throws BencodeError beyond 64 bits
 */
export function integerOf(negative: boolean, digits: string, offset: number): number | bigint {
  if (digits.length <= SAFE_DIGITS) {
    const magnitude = Number(digits);
    return negative && magnitude !== 0 ? -magnitude : magnitude;
  }
  const value = negative ? -BigInt(digits) : BigInt(digits);
  if (digits.length > INT64_DIGITS || value > INT64_MAX || value < INT64_MIN) {
    throw new BencodeError("an integer exceeds 64 bits", offset);
  }
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
