/**
 * Converts request actions into the messages that a peer reads.
 * @module
 */

import type { BlockRangeMessage } from "../lib/codec/wire/message.ts";

/** The request messages of one action; see `blocks` of the action `request`. */
export function requestsOf(blocks: readonly number[]): BlockRangeMessage[] {
  return Array.from({ length: blocks.length / 3 }, (_, i) => {
    const [piece, begin, length] = blocks.slice(3 * i, 3 * i + 3) as [number, number, number];
    return { type: "request", piece, begin, length };
  });
}
