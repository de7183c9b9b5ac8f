/**
 * What a peer is told first of what we have.
 *
 * @module
 */

import type { Message } from "../codec/message.ts";
import type { Bitfield } from "../store/bitfield.ts";

/**
 * The messages that say so.
 *
 * @param fast both sides speak BEP 6
 * @param late the peer was told before that we have nothing, and can be told of single pieces only
 */
export function greeting(have: Bitfield, fast: boolean, late: boolean): Message[] {
  if (late) return [...have.ones()].map((piece) => ({ type: "have", piece }));
  if (fast && have.isFull) return [{ type: "haveAll" }];
  if (have.isEmpty) return fast ? [{ type: "haveNone" }] : [];
  return [{ type: "bitfield", bits: have.bytes() }];
}
