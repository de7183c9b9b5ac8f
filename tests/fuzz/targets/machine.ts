/**
 * The peer-state machine behind the codecs: messages that can be read, in an order nobody foresaw.
 * @module
 */

import { Framer } from "../../../lib/codec/wire/framer.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { allOf } from "../../support/peer/peers.ts";
import { MemoryTorrent } from "../../support/swarm/memory_torrent.ts";
import { SwarmHarness } from "../../support/swarm/swarm_harness.ts";
import { taken, type Target } from "../fuzzer.ts";
import type { Input } from "../input.ts";
import { anyMessage } from "./wire.ts";

const PEERS = 4;
const STEPS = 20;

type Situation = (torrent: MemoryTorrent) => SwarmHarness;

const SITUATIONS: Readonly<Record<string, Situation>> = {
  "swarm without metadata": (torrent) => new SwarmHarness({ torrent }),
  "swarm of a leecher": (torrent) => {
    const bench = new SwarmHarness({ torrent });
    bench.begin();
    return bench;
  },
  "swarm of a seeder": (torrent) =>
    new SwarmHarness({ torrent, have: allOf(torrent.layout.pieceCount) }),
};

/** Peers say anything and come and go, time passes; the machine keeps its invariants. */
function swarm(name: string, make: Situation): Target {
  const [lengths, pieceLength] = [[8 * 32_768 - 5], 32_768];
  const torrent = new MemoryTorrent({ version: "hybrid", lengths, pieceLength });
  return {
    name,
    every: 10, // each is a swarm of its own
    run(input) {
      const bench = make(torrent);
      let connections = 0;
      const connect = () => bench.connect(++connections, { v2: input.oneIn(2) });
      const peers = Array.from({ length: PEERS }, connect);
      let isTaken = true;
      for (let step = 0; step < STEPS; step++) {
        const at = input.below(PEERS);
        isTaken = speak(bench, peers[at]!, input);
        if (!isTaken) {
          bench.swarm.closed(peers[at]!, "broke the protocol", bench.nowMs);
          peers[at] = connect();
        }
        if (input.oneIn(4)) {
          bench.nowMs += input.pick([0, 3000, 70_000]);
          bench.pass(250);
        }
        bench.carryOutCloses();
      }
      return isTaken;
    },
  };
}

/** One peer says something; false when that breaks the protocol. */
function speak(bench: SwarmHarness, connection: Connection, input: Input): boolean {
  const framer = new Framer();
  return taken(() => {
    framer.push(anyMessage(input));
    const message = framer.next();
    if (message !== undefined) bench.say(connection, message);
  }, ProtocolError);
}

/** One for each situation. */
export const machineTargets: readonly Target[] = Object.entries(SITUATIONS)
  .map(([name, make]) => swarm(name, make));
