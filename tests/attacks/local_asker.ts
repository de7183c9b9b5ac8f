/**
 * A program for attacks: asks one machine of the local network questions, by unicast and from addresses of its
 * choice. Its argument is {@linkcode Asking} as JSON.
 * @module
 */

import { encodeLocalQuestion } from "../../lib/codec/discovery/local_question.ts";
import { LOCAL_GROUPS } from "../../lib/codec/discovery/lsd.ts";

/** Whom it asks, and how. */
export interface Asking {
  /** The machine that is asked. */
  readonly at: string;
  /** The addresses that it asks from, in turn. */
  readonly from: readonly string[];
  readonly name: string;
  /** Bytes of each question. Without it, it asks 2,000 times a second; with it once for each, and prints what came back. */
  readonly lengths?: readonly number[];
}

const ANSWERED_AFTER_MS = 500;
/** Twice what is answered at most. More would fill the queue of a busy machine's system before we see any of it. */
const PER_TURN = 20;
const TURN_MS = 10;

const { at, from, name, lengths }: Asking = JSON.parse(Deno.args[0]!);
const target = { transport: "udp", hostname: at, port: LOCAL_GROUPS[4].port } as const;
const sockets = from.map((hostname) =>
  Deno.listenDatagram({ transport: "udp", hostname, port: 0 })
);
let transactionId = 0;

function question(length: number): Uint8Array {
  return encodeLocalQuestion({ type: "findName", transactionId: ++transactionId, name })
    .subarray(0, length);
}

let answeredBytes = 0;
for (const socket of sockets) {
  (async () => {
    for await (const [packet] of socket) answeredBytes += packet.length;
  })();
}
console.log("asking");
for (const length of lengths ?? []) {
  answeredBytes = 0;
  await sockets[0]!.send(question(length), target);
  await new Promise((resolve) => setTimeout(resolve, ANSWERED_AFTER_MS));
  console.log(`${length} bytes: ${answeredBytes} bytes`);
}
for (let n = 0; lengths === undefined;) {
  const packet = question(1200);
  for (const end = n + PER_TURN; n < end; n++) {
    await sockets[n % sockets.length]!.send(packet, target).catch(() => 0); // no room: it is lost
  }
  await new Promise((resolve) => setTimeout(resolve, TURN_MS));
}
Deno.exit();
