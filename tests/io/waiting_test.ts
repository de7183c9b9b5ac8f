/**
 * The sentences that say why nothing moves.
 * @module
 */

import { assertEquals } from "@std/assert";
import { waitingReason } from "../../lib/io/waiting.ts";
import { pieceLayersOf } from "../../lib/io/torrent.ts";
import type { Connection } from "../../lib/peer/connection.ts";
import { Swarm } from "../../lib/peer/swarm.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { Layout } from "../../lib/store/layout.ts";
import type { Torrent } from "../../mod.ts";
import { formulaBytes } from "../support/content.ts";
import { torrentOf } from "../support/library.ts";
import { requestsOf } from "../support/requested.ts";
import { TempFolder } from "../support/temp.ts";

const HASH = new Uint8Array(20).fill(1);

function emptySwarm(v1Hash = HASH): Swarm {
  return new Swarm({
    peerId: new Uint8Array(20).fill(2),
    client: "Shoal",
    listenPort: 6881,
    v1Hash,
    maxConnections: 10,
    uploadSlots: 4,
    random: () => 0.5,
  });
}

/** Connects the swarm to a peer at 10.0.0.`last`. */
function connect(swarm: Swarm, last: number, nowMs = 0): Connection {
  swarm.learn(`10.0.0.${last}`, 6881, "user");
  swarm.tick(nowMs);
  const dial = swarm.takeActions().find((action) => action.type === "dial")!;
  const handshake = {
    ...swarm.infoHashes.handshake(false),
    peerId: new Uint8Array(20).fill(10 + last),
  };
  const settled = { inbound: false, v2: false };
  return swarm.opened(dial.peer, handshake, settled, nowMs) as Connection;
}

async function transferring(format: "v1" | "v2" | "hybrid"): Promise<Swarm> {
  await using temp = await TempFolder.create();
  const path = await temp.file("a.bin", formulaBytes(100_000));
  const torrent: Torrent = await torrentOf(path, { format, pieceLength: 16_384 });
  const { info } = torrent.metainfo;
  const swarm = emptySwarm();
  const layout = Layout.of(info);
  swarm.beginTransfer(
    {
      info: info.bytes,
      layout,
      have: new Bitfield(layout.pieceCount),
      slotCount: 2,
      sha1s: info.pieces,
      layers: pieceLayersOf({ ...torrent.metainfo, pieceLayers: new Map() }),
      storeBlock: () => {},
    },
    { v1Hash: HASH },
    0,
  );
  return swarm;
}

Deno.test("nobody is known", () => {
  assertEquals(waitingReason(emptySwarm(), "answering", 0), "no tracker knows of a seeder yet");
  assertEquals(
    waitingReason(emptySwarm(), "failing", 0),
    "the tracker does not help, and no peer is known",
  );
  assertEquals(
    waitingReason(emptySwarm(), "none", 0),
    "no tracker and no peer was given; name one with --tracker or --peer",
  );
});

Deno.test("somebody is being called", () => {
  const swarm = emptySwarm();
  swarm.learn("10.0.0.1", 6881, "tracker");
  assertEquals(waitingReason(swarm, "answering", 0), "connecting to 1 peer");
  swarm.learn("10.0.0.2", 6881, "tracker");
  assertEquals(waitingReason(swarm, "answering", 0), "connecting to 2 peers");
});

Deno.test("everybody is out of reach", () => {
  const swarm = emptySwarm();
  for (const last of [1, 2, 3]) swarm.learn(`10.0.0.${last}`, 6881, "tracker");
  swarm.tick(0);
  for (const action of swarm.takeActions()) {
    if (action.type === "dial") swarm.dialFailed(action.peer, "refuses connections", 0);
  }
  assertEquals(
    waitingReason(swarm, "answering", 0),
    "seeder 10.0.0.1:6881 and 2 more not reachable (refuses connections), trying again",
  );
});

Deno.test("the only seeder was banned", () => {
  const swarm = emptySwarm();
  const { peer } = connect(swarm, 1);
  swarm.book.ban(peer, undefined, "sent corrupt data (piece 3)");
  swarm.closed([...swarm.connections.values()][0]!, "banned", 0);
  assertEquals(
    waitingReason(swarm, "answering", 0),
    "another seeder is needed, 10.0.0.1:6881 sent corrupt data (piece 3)",
  );
});

Deno.test("a new connection is given time", () => {
  const swarm = emptySwarm();
  connect(swarm, 1);
  assertEquals(waitingReason(swarm, "answering", 2000), "");
  assertEquals(
    waitingReason(swarm, "answering", 3000),
    "1 peer connected, but none has sent the torrent's description",
  );
});

Deno.test("nobody has what is missing, or gives it", async () => {
  const swarm = await transferring("v1");
  const connection = connect(swarm, 1);
  assertEquals(
    waitingReason(swarm, "answering", 5000),
    "1 peer connected, but none has what is missing",
  );
  swarm.received(connection, { type: "haveAll" }, 5000);
  assertEquals(
    waitingReason(swarm, "answering", 9000),
    "1 peer with what is missing, busy with others for now",
  );
  swarm.received(connection, { type: "unchoke" }, 9000);
  assertEquals(
    waitingReason(swarm, "answering", 13_000),
    "1 peer with what is missing, but nothing arrives",
  );
});

Deno.test("nobody gives the hashes of a v2 file", async () => {
  const swarm = await transferring("v2");
  swarm.received(connect(swarm, 1), { type: "haveAll" }, 0);
  assertEquals(
    waitingReason(swarm, "answering", 5000),
    "no peer has sent the hashes of the file yet",
  );
});

Deno.test("while data arrives nobody waits", async () => {
  const swarm = await transferring("v1");
  const connection = connect(swarm, 1);
  swarm.received(connection, { type: "haveAll" }, 0);
  swarm.received(connection, { type: "unchoke" }, 0);
  swarm.settle(0);
  const asked = swarm.takeActions().flatMap((action) =>
    action.type === "request" ? requestsOf(action.blocks) : []
  );
  const { piece, begin, length } = asked[0] as { piece: number; begin: number; length: number };
  const block = new Uint8Array(length);
  swarm.received(connection, { type: "piece", piece, begin, block }, 10_000);
  assertEquals(waitingReason(swarm, "answering", 10_500), "");
});
