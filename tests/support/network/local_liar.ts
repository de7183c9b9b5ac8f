/**
 * A program for tests: hears the questions of the local network that it is started in, and answers them as
 * its argument says, which is {@linkcode Lies} as JSON. It prints each new question.
 * @module
 */

import {
  decodeLocalQuestion,
  encodeLocalAnswer,
  encodeLocalQuestion,
  type LocalAnswer,
} from "../../../lib/codec/discovery/local_question.ts";
import { LOCAL_GROUPS } from "../../../lib/codec/discovery/lsd.ts";
import { MulticastGroup } from "../../../lib/discovery/local/multicast.ts";

/** What it answers. */
export interface Lies {
  /** The addresses that it answers from. */
  readonly from: readonly string[];
  /** Answers from each address, each from another port; default 1. */
  readonly answers?: number;
  /** Torrents in each answer; default 1. No two answers have one in common. */
  readonly entries?: number;
  /** It says of every name that it will have it soon. */
  readonly prepares?: boolean;
  /** Questions that it asks itself, as fast as it can; default none. */
  readonly asks?: number;
}

const { from, answers = 1, entries = 1, prepares = false, asks = 0 }: Lies = JSON.parse(
  Deno.args[0]!,
);
const sockets = from.map((hostname) =>
  Deno.listenDatagram({ transport: "udp", hostname, port: 0 })
);
const answered = new Set<number>();

/** A hash of its own for each lie. */
function hashOf(address: number, answer: number, entry: number): Uint8Array {
  const bytes = new Uint8Array(20).fill(0xee);
  new DataView(bytes.buffer).setUint32(0, (address * 65_536 + answer) * 20 + entry);
  return bytes;
}

function lie(kind: "findName" | "findTracker", transactionId: number, address: number, i: number) {
  const head = { transactionId, port: 1000 + i };
  if (prepares) return encodeLocalAnswer({ type: "peerPrepares", ...head }, 1200)!;
  const made: LocalAnswer = kind === "findTracker" ? { type: "trackerHere", ...head } : {
    type: "peerHas",
    ...head,
    total: entries,
    entries: Array.from({ length: entries }, (_, entry) => {
      return { v1Hash: hashOf(address, i, entry), length: 5, seeders: 9_999, leechers: 0 };
    }),
  };
  return encodeLocalAnswer(made, 1200)!;
}

const group = new MulticastGroup(4, LOCAL_GROUPS[4], async (packet, { host, port }) => {
  const question = decodeLocalQuestion(packet);
  if (question === undefined || answered.has(question.transactionId)) return;
  answered.add(question.transactionId);
  console.log(`${host} asks ${JSON.stringify(question)}`);
  const to = { transport: "udp", hostname: host, port } as const;
  for (const [address, socket] of sockets.entries()) {
    for (let i = 0; i < answers; i++) {
      await socket.send(lie(question.type, question.transactionId, address, i), to);
    }
  }
});
await group.refresh();
console.log("lying");
for (let transactionId = 0; transactionId < asks; transactionId++) {
  answered.add(transactionId);
  await group.send(encodeLocalQuestion({ type: "findName", transactionId, name: "file.bin" }));
}
