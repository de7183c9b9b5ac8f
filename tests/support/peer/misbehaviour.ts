/**
 * Ways for a scripted peer to misbehave.
 * @module
 */

import { concat } from "../../../lib/codec/bytes.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";
import type { Script } from "../../../support/scripted_peer.ts";

/** Blocks with their first byte turned over: every piece from it is corrupt. */
export const corrupts: Script = {
  block: (_request, honest) => {
    const bytes = honest.slice();
    bytes[0]! ^= 0xff;
    return bytes;
  },
};

/** Blocks that are one byte too short. */
export const wrongLengths: Script = { block: (_request, honest) => honest.subarray(1) };

/** A message that claims to be of 4 GiB. */
export const claimsFourGiB: Script = {
  afterHandshake: (speak) => speak.write(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 7)),
};

/** Random bytes without end, in place of messages. */
export const endlessGarbage: Script = {
  async afterHandshake(speak) {
    const garbage = pseudoRandomBytes(65_536, 99);
    for (;;) await speak.write(garbage);
  },
};

/** Well-formed messages of a kind nobody knows, without end. */
export const endlessUnknownMessages: Script = {
  async afterHandshake(speak) {
    const message = new Uint8Array(4 + 1000);
    message.set([0, 0, 0x03, 0xe8, 200]);
    const many = concat(...Array.from({ length: 64 }, () => message));
    for (;;) await speak.write(many);
  },
};

/** Blocks nobody asked for, without end. */
export function endlessBlocks(content: Uint8Array): Script {
  return {
    async afterHandshake(speak) {
      await speak.send({ type: "haveAll" });
      const block = content.subarray(0, 16_384);
      for (;;) await speak.send({ type: "piece", piece: 0, begin: 0, block });
    },
  };
}
