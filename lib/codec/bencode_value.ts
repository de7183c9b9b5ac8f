/**
 * The types of bencoded values (BEP 3).
 *
 * @module
 */

/** A bencoded value. Integers are `number` when that is exact, else `bigint`; the range is int64. */
export type Bencode = number | bigint | Uint8Array | Bencode[] | BencodeDict;

/** A bencoded dictionary; its keys are binary strings. */
export type BencodeDict = Map<string, Bencode>;
