/** The table of peer states, walked cell by cell. @module */

import { assertEquals, assertThrows } from "@std/assert";
import {
  nextState,
  type PeerEvent,
  type PeerState,
  TRANSITIONS,
} from "../../../lib/peer/connection/peer_state.ts";

const permissions = "none";

const STATES: PeerState[] = ["available", "connecting", "connected", "away", "banned"];
const EVENTS: PeerEvent[] = [
  "dial",
  "accept",
  "handshake",
  "loss",
  "back-off over",
  "learned",
  "given up",
  "corrupt",
];

/** The design's table, one row per state, one column per event in the order of EVENTS. `-`: impossible. */
const EXPECTED: Record<PeerState, string> = {
  available: "connecting connecting - - - available forgotten banned",
  connecting: "- - connected away - connecting - banned",
  connected: "- - - away - connected - banned",
  away: "- connecting - - available away forgotten banned",
  banned: "- - - banned - banned - banned",
};

Deno.test({
  name: "every event in every peer state leads where the design says, or cannot happen",
  permissions,
  fn() {
    let legal = 0, refused = 0;
    for (const state of STATES) {
      const row = EXPECTED[state].split(" ");
      assertEquals(row.length, EVENTS.length);
      for (const [i, event] of EVENTS.entries()) {
        if (row[i] === "-") {
          assertThrows(() => nextState(state, event), Error, `a peer that is ${state} cannot meet`);
          refused++;
        } else {
          assertEquals(nextState(state, event), row[i] as PeerState, `${state}, ${event}`);
          legal++;
        }
      }
    }
    assertEquals({ legal, refused }, { legal: 20, refused: 20 });
  },
});

Deno.test({
  name: "the table of peer states names no state and no event beside those of the design",
  permissions,
  fn() {
    assertEquals(Object.keys(TRANSITIONS).sort(), [...STATES].sort());
    for (const row of Object.values(TRANSITIONS)) {
      for (const event of Object.keys(row)) assertEquals(EVENTS.includes(event as PeerEvent), true);
    }
  },
});

Deno.test({
  name: "nothing leads out of being banned",
  permissions,
  fn() {
    assertEquals(new Set(Object.values(TRANSITIONS.banned)), new Set<PeerState>(["banned"]));
  },
});

Deno.test({
  name: "every peer state but banned can be reached from available and led back to it",
  permissions,
  fn() {
    const reachable = (from: PeerState) => {
      const seen = new Set<string>([from]);
      for (const state of seen) {
        for (const next of Object.values(TRANSITIONS[state as PeerState] ?? {})) seen.add(next);
      }
      return seen;
    };
    assertEquals(reachable("available"), new Set([...STATES, "forgotten"]));
    for (const state of STATES) {
      assertEquals(reachable(state).has("available"), state !== "banned", state);
    }
  },
});
