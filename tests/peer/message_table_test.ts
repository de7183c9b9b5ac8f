/** What happens for every message in every state of a connection, as one table. @module */

import { assert, assertEquals } from "@std/assert";
import {
  encodeDontHave,
  encodeExtendedHandshake,
  encodeMetadataMessage,
} from "../../lib/codec/wire/extension.ts";
import type { Message } from "../../lib/codec/wire/message.ts";
import { ProtocolError } from "../../lib/errors.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import { allOf, bits } from "../support/peer/peers.ts";
import { SwarmHarness } from "../support/swarm/swarm_harness.ts";

const permissions = "none";
const BLOCK = 16_384;

/**
 * The states a connection can be in: before the metadata; strangers that choke each other; data flowing
 * both ways, we have piece 0 and lack the rest; we have everything and serve; about to be closed.
 */
const STATES = ["metadata", "strangers", "flowing", "seeding", "closing"] as const;
type State = typeof STATES[number];

const root = new Uint8Array(32);
const range = { root, baseLayer: 0, index: 0, length: 2, proofLayers: 0 };
const extended = (id: number, payload: Uint8Array): Message => ({ type: "extended", id, payload });
const piece = (piece: number, begin: number, length = BLOCK): Message => {
  return { type: "piece", piece, begin, block: new Uint8Array(length) };
};

/** Every message, well-formed and not; where it has a range that is one we are asked for or ask for. */
const MESSAGES: Record<string, (asked: { piece: number; begin: number }) => Message> = {
  "keepAlive": () => ({ type: "keepAlive" }),
  "choke": () => ({ type: "choke" }),
  "unchoke": () => ({ type: "unchoke" }),
  "interested": () => ({ type: "interested" }),
  "notInterested": () => ({ type: "notInterested" }),
  "have": () => ({ type: "have", piece: 3 }),
  "have of no piece": () => ({ type: "have", piece: 4 }),
  "bitfield": () => ({ type: "bitfield", bits: Uint8Array.of(0x70) }),
  "bitfield too long": () => ({ type: "bitfield", bits: Uint8Array.of(0x70, 0) }),
  "bitfield with spare bits": () => ({ type: "bitfield", bits: Uint8Array.of(0x71) }),
  "haveAll": () => ({ type: "haveAll" }),
  "haveNone": () => ({ type: "haveNone" }),
  "request": () => ({ type: "request", piece: 0, begin: 0, length: BLOCK }),
  "request of no range": () => ({ type: "request", piece: 0, begin: 32_768, length: 1 }),
  "piece asked for": (asked) => piece(asked.piece, asked.begin),
  "piece of no range": () => piece(0, 32_768),
  "cancel": () => ({ type: "cancel", piece: 0, begin: 0, length: BLOCK }),
  "reject": (asked) => ({ type: "reject", ...asked, length: BLOCK }),
  "allowedFast": () => ({ type: "allowedFast", piece: 2 }),
  "allowedFast of no piece": () => ({ type: "allowedFast", piece: 9 }),
  "suggest": () => ({ type: "suggest", piece: 2 }),
  "port": () => ({ type: "port", port: 6881 }),
  "extended handshake": () => extended(0, encodeExtendedHandshake({ ids: new Map() })),
  "extended garbage": () => extended(0, Uint8Array.of(1, 2, 3)),
  "metadata request": () => extended(1, encodeMetadataMessage({ type: "request", piece: 0 })),
  "metadata reject": () => extended(1, encodeMetadataMessage({ type: "reject", piece: 0 })),
  "dontHave": () => extended(2, encodeDontHave(3)),
  "dontHave of no piece": () => extended(2, encodeDontHave(4)),
  "extension we never named": () => extended(77, Uint8Array.of(1)),
  "hashRequest": () => ({ type: "hashRequest", ...range }),
  "hashes": () => ({ type: "hashes", ...range, hashes: new Uint8Array(64) }),
  "hashReject": () => ({ type: "hashReject", ...range }),
  "unknown": () => ({ type: "unknown", id: 99 }),
};

/**
 * What each message leads to, one column per state: `-` nothing; `x` the connection ends, for the peer
 * broke the protocol; a word: what is sent or what flag changes (`+` set, `!` cleared).
 */
const TABLE = `
keepAlive                | -               | -                                         | -                                       | -                                       | -
choke                    | -               | -                                         | +peerChoking                            | +peerChoking                            | -
unchoke                  | !peerChoking    | !peerChoking                              | -                                       | -                                       | -
interested               | +peerInterested | !amChoking +peerInterested unchoke        | -                                       | -                                       | -
notInterested            | -               | -                                         | !peerInterested                         | !peerInterested                         | -
have                     | -               | +amInterested interested                  | -                                       | -                                       | -
have of no piece         | -               | x                                         | x                                       | x                                       | -
bitfield                 | -               | +amInterested interested                  | -                                       | -                                       | -
bitfield too long        | -               | x                                         | x                                       | x                                       | -
bitfield with spare bits | -               | x                                         | x                                       | x                                       | -
haveAll                  | -               | +amInterested interested                  | -                                       | -                                       | -
haveNone                 | -               | -                                         | !amInterested notInterested             | -                                       | -
request                  | reject          | !amChoking +peerInterested unchoke queued | queued                                  | queued                                  | -
request of no range      | reject          | x                                         | x                                       | x                                       | -
piece asked for          | -               | -                                         | request                                 | -                                       | -
piece of no range        | -               | x                                         | x                                       | x                                       | -
cancel                   | -               | -                                         | reject                                  | reject                                  | -
reject                   | -               | -                                         | request                                 | -                                       | -
allowedFast              | -               | -                                         | -                                       | -                                       | -
allowedFast of no piece  | -               | x                                         | x                                       | x                                       | -
suggest                  | -               | -                                         | -                                       | -                                       | -
port                     | -               | -                                         | -                                       | -                                       | -
extended handshake       | -               | -                                         | -                                       | -                                       | -
extended garbage         | x               | x                                         | x                                       | x                                       | -
metadata request         | extended        | extended                                  | extended                                | extended                                | -
metadata reject          | -               | -                                         | -                                       | -                                       | -
dontHave                 | -               | -                                         | -                                       | -                                       | -
dontHave of no piece     | -               | x                                         | x                                       | x                                       | -
extension we never named | -               | -                                         | -                                       | -                                       | -
hashRequest              | hashReject      | hashReject                                | hashReject                              | hashReject                              | -
hashes                   | -               | -                                         | -                                       | -                                       | -
hashReject               | -               | -                                         | -                                       | -                                       | -
unknown                  | -               | -                                         | -                                       | -                                       | -
`;

/** A connection in this state, and a block that we have asked it for (or might have). */
function inState(state: State) {
  const seeding = state === "seeding";
  const bench = new SwarmHarness(
    state === "metadata" ? {} : { have: seeding ? allOf(4) : bits(4, 0) },
  );
  const connection = bench.connect(1);
  connection.extension.ids.set("ut_metadata", 5);
  if (state === "flowing" || seeding) {
    if (!seeding) bench.say(connection, { type: "bitfield", bits: Uint8Array.of(0x60) });
    connection.extension.requestQueue = 1;
    bench.say(connection, { type: "unchoke" }, { type: "interested" });
    bench.say(connection, { type: "request", piece: 0, begin: 0, length: BLOCK });
  }
  if (state === "closing") connection.closing = true;
  const asked = bench.said(connection).find((message) => message.type === "request");
  const { piece = 1, begin = 0 } = asked?.type === "request" ? asked : {};
  if (state === "flowing") assert(asked !== undefined);
  return { bench, connection, asked: { piece, begin } };
}

const FLAGS = ["amChoking", "amInterested", "peerChoking", "peerInterested"] as const;

function flagsOf({ pieces: { amInterested }, upload, download: { peerChoking } }: Connection) {
  return {
    amChoking: upload.amChoking,
    amInterested,
    peerChoking,
    peerInterested: upload.peerInterested,
  };
}

function outcome(state: State, message: string): string {
  const { bench, connection, asked } = inState(state);
  const before = flagsOf(connection);
  const queued = connection.upload.queue.length;
  try {
    bench.say(connection, MESSAGES[message]!(asked));
  } catch (error) {
    assert(error instanceof ProtocolError, `${message}, ${state}: ${error}`);
    return "x";
  }
  const effects: string[] = [];
  const after = flagsOf(connection);
  for (const flag of FLAGS) {
    if (before[flag] !== after[flag]) effects.push((after[flag] ? "+" : "!") + flag);
  }
  for (const { type } of bench.said(connection)) effects.push(type);
  if (connection.upload.queue.length > queued) effects.push("queued");
  return effects.join(" ") || "-";
}

Deno.test({
  name: "for every message in every state of a connection, what happens is what the table says",
  permissions,
  fn() {
    const rows = TABLE.trim().split("\n").map((row) => row.split("|").map((cell) => cell.trim()));
    const expected = new Map(rows.map(([message, ...cells]) => [message!, cells]));
    assertEquals([...expected.keys()], Object.keys(MESSAGES));
    for (const [message, cells] of expected) {
      assertEquals(STATES.map((state) => outcome(state, message)), cells, message);
    }
  },
});
