/** The table of a download's states, walked cell by cell. @module */

import { assertEquals, assertThrows } from "@std/assert";
import {
  type DownloadEvent,
  type DownloadState,
  nextState,
  TRANSITIONS,
} from "../../lib/session/download_state.ts";

const permissions = "none";

const EVENTS: DownloadEvent[] = [
  "described",
  "checked",
  "complete",
  "verified",
  "in place",
  "stop",
];

/** The design's table, one row per state, one column per event in the order of EVENTS. `-`: impossible. */
const EXPECTED: Record<DownloadState, string> = {
  metadata: "checking - - - - stopped",
  checking: "- downloading - - - stopped",
  downloading: "- - verifying - - stopped",
  verifying: "- - - flushing - stopped",
  flushing: "- - - - seeding stopped",
  seeding: "- - - - - stopped",
  stopped: "- - - - - -",
};

Deno.test({
  name: "every event in every state of a download leads where the design says, or cannot happen",
  permissions,
  fn() {
    let legal = 0, refused = 0;
    for (const [name, cells] of Object.entries(EXPECTED)) {
      const state = name as DownloadState;
      const row = cells.split(" ");
      assertEquals(row.length, EVENTS.length);
      for (const [i, event] of EVENTS.entries()) {
        if (row[i] === "-") {
          const sentence = `a download that is ${state} cannot meet "${event}"`;
          assertThrows(() => nextState(state, event), Error, sentence);
          refused++;
        } else {
          assertEquals(nextState(state, event), row[i] as DownloadState, `${state}, ${event}`);
          legal++;
        }
      }
    }
    assertEquals({ legal, refused }, { legal: 11, refused: 31 });
  },
});

Deno.test({
  name: "the table of a download's states names no state and no event beside those of the design",
  permissions,
  fn() {
    assertEquals(Object.keys(TRANSITIONS), Object.keys(EXPECTED));
    const events = new Set(Object.values(TRANSITIONS).flatMap((row) => Object.keys(row)));
    assertEquals([...events].sort(), [...EVENTS].sort());
  },
});

Deno.test({
  name: "a download goes through its states in one order, and can be stopped in each",
  permissions,
  fn() {
    const seen: DownloadState[] = ["metadata"];
    for (const event of EVENTS) seen.push(nextState(seen.at(-1)!, event));
    assertEquals(seen, Object.keys(EXPECTED) as DownloadState[]);
  },
});
