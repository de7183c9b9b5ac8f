/**
 * The sentences that say why nothing moves.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { summarize, type TrackerSummary } from "../../lib/discovery/tracker_status.ts";
import type { StallCode } from "../../lib/error_codes.ts";
import type { Connection } from "../../lib/peer/connection/connection.ts";
import { Swarm } from "../../lib/peer/swarm.ts";
import { StallMonitor } from "../../lib/session/stall_monitor.ts";
import { stallReason } from "../../lib/session/stall_reason.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { Layout } from "../../lib/store/layout.ts";
import { pieceLayersOf } from "../../lib/store/torrent.ts";
import type { Torrent } from "../../mod.ts";
import { requestsOf } from "../../simulation/requests.ts";
import { formulaBytes } from "../../support/content.ts";
import { TempFolder } from "../../support/temp.ts";
import { torrentOf } from "../support/clients/library.ts";

/** Trackers that answer, and know of others. */
const ANSWERING: TrackerSummary = { state: "answering", others: 3 };
const URL = "udp://10.0.0.2:6969";

/** Code and sentence; undefined while something moves. */
function reasonOf(swarm: Swarm, trackers: TrackerSummary, nowMs: number, downloadLimit?: number) {
  const found = stallReason(swarm, trackers, nowMs, downloadLimit);
  return found && [found.code, found.sentence];
}

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
  swarm.addPeer(`10.0.0.${last}`, 6881, "user");
  swarm.tick(nowMs);
  const dial = swarm.pollActions().find((action) => action.type === "dial")!;
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

/** Everybody who is available is called, and that fails. */
function failToDial(swarm: Swarm, reason: string, nowMs: number): void {
  swarm.tick(nowMs);
  for (const action of swarm.pollActions()) {
    if (action.type === "dial") swarm.dialFailed(action.peer, reason, nowMs);
  }
}

Deno.test("nobody is known, and what the trackers are good for says why", () => {
  const fault = (code: "tracker-silent" | "tracker-refuses" | "tracker-fails", what: string) =>
    ({ state: "failing", code, sentence: `tracker ${URL} ${what}`, nextInSeconds: 4.2 }) as const;
  const cases: [TrackerSummary, StallCode, string][] = [
    [
      { state: "none" },
      "no-source",
      "no tracker and no peer was given",
    ],
    [
      { state: "local" },
      "no-local-peer",
      "nobody on the local network shares it yet, and no tracker was given",
    ],
    [{ state: "asking" }, "asking-tracker", "asking the tracker who has it"],
    [
      fault("tracker-silent", "does not answer"),
      "tracker-silent",
      `tracker ${URL} does not answer, next try in 5 s; is it running, and its UDP port open?`,
    ],
    [
      fault("tracker-refuses", "refuses: not registered here"),
      "tracker-refuses",
      `tracker ${URL} refuses: not registered here, next try in 5 s; ask who runs it`,
    ],
    [
      fault("tracker-fails", "answers with something that is no answer"),
      "tracker-fails",
      `tracker ${URL} answers with something that is no answer, next try in 5 s; check its ` +
      "address",
    ],
    [
      { state: "answering", others: 0 },
      "no-such-file",
      "no such file on the tracker: nobody shares it there yet; check the link, and that its " +
      "seeder uses this tracker",
    ],
    [
      ANSWERING,
      "no-seeder",
      "others on the tracker want it too, but no address of a seeder came; start one",
    ],
  ];
  for (const [trackers, code, sentence] of cases) {
    assertEquals(reasonOf(emptySwarm(), trackers, 0), [code, sentence]);
  }
});

Deno.test("of several trackers one that answers counts, else the one that says most", () => {
  const silent = {
    url: URL,
    ok: false,
    fault: { code: "tracker-silent", sentence: "silence" },
    nextInSeconds: 2,
  } as const;
  const refusing = {
    url: "udp://10.0.0.3:6969",
    ok: false,
    fault: { code: "tracker-refuses", sentence: "a refusal" },
    nextInSeconds: 7,
  } as const;
  const unheard = { url: "udp://10.0.0.4:6969" };
  assertEquals(summarize([]), { state: "asking" });
  assertEquals(summarize([unheard]), { state: "asking" });
  assertEquals(summarize([unheard, silent]), {
    state: "failing",
    ...silent.fault,
    nextInSeconds: 2,
  });
  assertEquals(summarize([silent, refusing]), {
    state: "failing",
    ...refusing.fault,
    nextInSeconds: 7,
  });
  // We are one of the leechers that a tracker counts.
  for (const [seeders, leechers, others] of [[0, 0, 0], [0, 1, 0], [0, 2, 1], [1, 1, 1]] as const) {
    const answering = { url: "udp://10.0.0.5:6969", ok: true, seeders, leechers };
    assertEquals(summarize([refusing, answering]), { state: "answering", others });
  }
});

Deno.test("somebody is being called", () => {
  const swarm = emptySwarm();
  swarm.addPeer("10.0.0.1", 6881, "tracker");
  assertEquals(reasonOf(swarm, ANSWERING, 0), ["connecting", "connecting to 1 peer"]);
  swarm.addPeer("10.0.0.2", 6881, "tracker");
  assertEquals(reasonOf(swarm, ANSWERING, 0), ["connecting", "connecting to 2 peers"]);
});

Deno.test("a seeder that does not answer may be behind a firewall, and says so at every try", () => {
  const swarm = emptySwarm();
  swarm.addPeer("10.0.0.7", 6881, "tracker");
  failToDial(swarm, "does not answer", 0);
  assertEquals(reasonOf(swarm, ANSWERING, 0), [
    "unreachable",
    "seeder 10.0.0.7:6881 unreachable: firewall? (does not answer, next try in 2 s)",
  ]);
  swarm.tick(2500); // it is called again
  assertEquals(reasonOf(swarm, ANSWERING, 2500), [
    "unreachable",
    "seeder 10.0.0.7:6881 unreachable: firewall? (does not answer, trying again)",
  ]);
});

Deno.test("everybody is out of reach", () => {
  const swarm = emptySwarm();
  for (const last of [1, 2, 3]) swarm.addPeer(`10.0.0.${last}`, 6881, "tracker");
  failToDial(swarm, "refuses connections", 0);
  assertEquals(reasonOf(swarm, ANSWERING, 500), [
    "unreachable",
    "seeder 10.0.0.1:6881 and 2 more unreachable: is it still running? " +
    "(refuses connections, next try in 2 s)",
  ]);
});

Deno.test("a seeder that went away is named with what it did", () => {
  const swarm = emptySwarm();
  connect(swarm, 1);
  swarm.closed([...swarm.connections.values()][0]!, "closed the connection", 5000);
  assertEquals(reasonOf(swarm, ANSWERING, 5000), [
    "unreachable",
    "seeder 10.0.0.1:6881 unreachable: closed the connection, next try in 2 s",
  ]);
});

Deno.test("the only seeder was banned", () => {
  const swarm = emptySwarm();
  const { peer } = connect(swarm, 1);
  swarm.peers.ban(peer, undefined, "sent corrupt data (piece 3)");
  swarm.closed([...swarm.connections.values()][0]!, "banned", 0);
  assertEquals(reasonOf(swarm, ANSWERING, 0), [
    "banned",
    "another seeder is needed, 10.0.0.1:6881 sent corrupt data (piece 3)",
  ]);
});

Deno.test("a new connection is given time", () => {
  const swarm = emptySwarm();
  connect(swarm, 1);
  assertEquals(reasonOf(swarm, ANSWERING, 2000), undefined);
  assertEquals(reasonOf(swarm, ANSWERING, 3000), [
    "no-metadata",
    "1 peer connected, but none has sent the torrent's description; a .torrent file has it too",
  ]);
});

Deno.test("nobody has what is missing, gives it, or gives it fast", async () => {
  const swarm = await transferring("v1");
  const connection = connect(swarm, 1);
  assertEquals(reasonOf(swarm, ANSWERING, 5000), [
    "no-seeder",
    "1 peer connected, but none has what is missing; a seeder is needed",
  ]);
  swarm.received(connection, { type: "haveAll" }, 5000);
  assertEquals(reasonOf(swarm, ANSWERING, 9000), [
    "choked",
    "the peer that has the rest is serving others; waiting for a turn",
  ]);
  const other = connect(swarm, 2, 9000);
  swarm.received(other, { type: "haveAll" }, 9000);
  assertEquals(reasonOf(swarm, ANSWERING, 12_000), [
    "choked",
    "all 2 peers that have the rest are serving others; waiting for a turn",
  ]);
  swarm.received(connection, { type: "unchoke" }, 12_000);
  assertEquals(reasonOf(swarm, ANSWERING, 13_000), [
    "slow",
    "all 2 peers that have the rest send hardly anything; another seeder would help",
  ]);
});

Deno.test("a seeder that hands out gradually is waited for, and no other one is asked for", async () => {
  const swarm = await transferring("v1");
  const seeder = connect(swarm, 1);
  swarm.received(seeder, { type: "haveNone" }, 0);
  seeder.extension.isSuperSeeder = true;
  assertEquals(reasonOf(swarm, ANSWERING, 5000), [
    "choked",
    "the seeder hands out its chunks gradually, each to one peer first; waiting for a turn",
  ]);
  connect(swarm, 2, 5000).extension.isSuperSeeder = true;
  assertEquals(reasonOf(swarm, ANSWERING, 9000), [
    "choked",
    "all 2 seeders hand out their chunks gradually, each to one peer first; waiting for a turn",
  ]);
});

Deno.test("peers are there without the rest, and the seeder is gone", async () => {
  const swarm = await transferring("v1");
  const seeder = connect(swarm, 1);
  swarm.received(seeder, { type: "haveAll" }, 0);
  connect(swarm, 2, 0);
  swarm.closed(seeder, "closed the connection", 5000);
  assertEquals(reasonOf(swarm, ANSWERING, 5000), [
    "no-seeder",
    "1 peer connected, but none has what is missing; " +
    "the seeder 10.0.0.1:6881 is gone (closed the connection)",
  ]);
});

Deno.test("nobody gives the hashes of a v2 file", async () => {
  const swarm = await transferring("v2");
  swarm.received(connect(swarm, 1), { type: "haveAll" }, 0);
  assertEquals(reasonOf(swarm, ANSWERING, 5000), [
    "no-hashes",
    "no peer has sent the hashes of the file yet; another may have them",
  ]);
});

Deno.test("while data arrives nobody waits, unless it is one block now and then", async () => {
  const swarm = await transferring("v1");
  const connection = connect(swarm, 1);
  swarm.received(connection, { type: "haveAll" }, 0);
  swarm.received(connection, { type: "unchoke" }, 0);
  swarm.poll(0);
  const asked = swarm.pollActions().flatMap((action) =>
    action.type === "request" ? requestsOf(action.blocks) : []
  );
  const { piece, begin, length } = asked.find((message) => message.length === 16_384)!;
  const block = new Uint8Array(length);
  swarm.received(connection, { type: "piece", piece, begin, block }, 10_000);
  assertEquals(reasonOf(swarm, ANSWERING, 10_500), undefined);
  const slow = [
    "slow",
    "the peer that has the rest sends hardly anything; another seeder would help",
  ];
  assertEquals(reasonOf(swarm, ANSWERING, 13_500), slow);
  // Who asked for no more is not told that it is little.
  assertEquals(reasonOf(swarm, ANSWERING, 13_500, 5000), undefined);
  assertEquals(reasonOf(swarm, ANSWERING, 20_000, 5000), slow);
});

Deno.test("seconds that pass are no news, another reason is, and so is another tracker", () => {
  const patience = new StallMonitor({});
  const swarm = emptySwarm();
  const silent = (url: string, nextInSeconds: number): TrackerSummary => {
    const sentence = `tracker ${url} does not answer`;
    return { state: "failing", code: "tracker-silent", sentence, nextInSeconds };
  };
  const looks: [TrackerSummary, boolean][] = [
    [silent(URL, 5), true],
    [silent(URL, 4), false],
    [silent("udp://10.0.0.3:6969", 4), true],
    [{ state: "answering", others: 0 }, true],
    [{ state: "answering", others: 0 }, false],
    [ANSWERING, true],
  ];
  for (const [trackers, isNews] of looks) {
    assertEquals(patience.check(swarm, trackers) !== undefined, isNews);
    assert(patience.waiting !== undefined);
  }
  assertEquals(patience.timeoutError(), undefined);
});

Deno.test("who asked for a kilobyte a second is not sent for another seeder while the next block is not late", async () => {
  const swarm = await transferring("v1");
  const startMs = performance.now();
  const connection = connect(swarm, 1, startMs);
  swarm.received(connection, { type: "haveAll" }, startMs);
  swarm.received(connection, { type: "unchoke" }, startMs);
  const looked = (downloadLimit: number | undefined, seconds: number[]) => {
    const patience = new StallMonitor({});
    return seconds.map((second) => {
      patience.check(swarm, ANSWERING, downloadLimit, startMs + 1000 * second);
      return patience.waiting?.code;
    });
  };
  // A block of 16 KiB takes 16 seconds.
  const limited = looked(1024, [4, 10, 20, 40, 50]);
  assertEquals(limited, [undefined, undefined, undefined, undefined, "slow"]);
  assertEquals(looked(undefined, [4, 10]), ["slow", "slow"]);
});
