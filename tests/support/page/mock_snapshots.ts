/**
 * Made-up states of the three programs, for looking at the page and for testing it.
 * @module
 */

import type { PieceMap, TrackerSnapshot, TransferSnapshot } from "../../../lib/ui/snapshot.ts";

const MIB = 2 ** 20;
const LINK = "magnet:?xt=urn:btih:9ae7c1f0b3d24e5a86f7c9d0e1b2a3948576c0de" +
  "&xt=urn:btmh:1220c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2" +
  "&dn=debian-13.2.0-amd64-netinst.iso&xl=820838400&tr=udp%3A%2F%2F10.0.0.2%3A6969" +
  "&x.pe=10.0.0.7:6881";
const CLIENTS = ["Shoal 0.1.0", "qBittorrent 5.1.2", "Transmission 4.0.6", "aria2 1.36.0", ""];

type Peer = TransferSnapshot["peers"][number];

/** Somebody connected, the same for the same number. */
export function mockPeer(i: number, isSeeder = false): Peer {
  const isFast = i % 3 !== 2;
  return {
    address: i === 1 ? "[2001:db8::7:21]:51413" : `10.0.${Math.floor(i / 250)}.${7 + i % 250}:6881`,
    client: CLIENTS[i % CLIENTS.length]!,
    state: "connected",
    progress: i === 0 ? 1 : ((i * 37) % 100) / 100,
    downRate: isSeeder || !isFast ? 0 : (18 - i % 15) * 1.13 * MIB,
    upRate: isSeeder || i % 2 === 1 ? (9 - i % 8) * 0.7 * MIB : 0,
    downloaded: isSeeder ? 0 : (140 - i % 120) * MIB,
    uploaded: (i % 7) * 12.5 * MIB,
    fetching: isSeeder || !isFast
      ? []
      : [211 + i, 230 + i, 240 + i, 251 + i, 260].slice(0, 5 - i % 4),
    flags: isFast ? ["BitTorrent v2", "serves us"] : ["connected to us", "owes us data"],
    badPieces: i === 3 ? 2 : 0,
  };
}

const OTHERS: TransferSnapshot["others"] = [
  {
    address: "10.0.0.66:6881",
    client: "",
    state: "banned",
    complete: false,
    badPieces: 3,
    reason: "sent corrupt data",
  },
  {
    address: "10.0.0.31:6881",
    client: "",
    state: "away",
    complete: true,
    badPieces: 0,
    reason: "did not answer",
  },
  {
    address: "10.0.0.32:6881",
    client: "Shoal 0.1.0",
    state: "connecting",
    complete: false,
    badPieces: 0,
  },
];

/** A leecher with this share of a file of 783 MiB. */
export function mockLeecher(share: number, peers = 5): TransferSnapshot {
  const totalBytes = 820_838_400;
  const pieces = Math.ceil(totalBytes / (512 * 1024));
  const havePieces = Math.floor(pieces * share);
  const isDone = share === 1;
  const wave = (i: number, base: number) =>
    Math.max(0, base * (0.8 + 0.25 * Math.sin(i / 9) + 0.1 * Math.sin(i / 2.3)) * MIB);
  const seconds = share === 0 ? 2 : 170;
  return {
    program: "leecher",
    version: "0.1.0",
    sentence: isDone
      ? "complete, SHA-256 verified; seeding to 2 peers"
      : share === 0
      ? "waiting: tracker udp://10.0.0.2:6969 does not answer, next try in 5 s"
      : "downloading from 4 peers",
    tone: isDone ? "good" : share === 0 ? "wait" : "work",
    state: isDone ? "seeding" : share === 0 ? "waiting" : "downloading",
    name: "debian-13.2.0-amd64-netinst.iso",
    link: LINK,
    path: "/srv/images/debian-13.2.0-amd64-netinst.iso",
    totalBytes,
    haveBytes: isDone ? totalBytes : havePieces * 512 * 1024,
    downloadedBytes: share * totalBytes,
    uploadedBytes: share * 120 * MIB,
    wastedBytes: share > 0 ? 3 * MIB : 0,
    downloadRate: isDone || share === 0 ? 0 : 34.2 * MIB,
    uploadRate: share === 0 ? 0 : 4.1 * MIB,
    ...(isDone || share === 0 ? {} : { etaSeconds: 14 }),
    pieces,
    havePieces,
    failedPieces: share > 0 ? 1 : 0,
    pieceLength: 512 * 1024,
    v1Hash: "9ae7c1f0b3d24e5a86f7c9d0e1b2a3948576c0de",
    v2Hash: "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
    port: 6881,
    reachable: "yes",
    elapsedSeconds: seconds,
    peers: share === 0 ? [] : Array.from({ length: Math.min(500, peers) }, (_, i) => mockPeer(i)),
    others: share === 0 ? [] : OTHERS,
    copies: share === 0 ? 0 : 12,
    known: share === 0
      ? { known: 0, connecting: 0, connected: 0, away: 0, banned: 0 }
      : { known: peers + 7, connecting: 1, connected: peers, away: 4, banned: 1 },
    trackers: [
      share === 0
        ? { url: "udp://10.0.0.2:6969", ok: false, sentence: "does not answer", nextSeconds: 5 }
        : {
          url: "udp://10.0.0.2:6969",
          ok: true,
          sentence: "answers",
          seeders: 3,
          leechers: 9,
          nextSeconds: 41,
        },
      { url: "udp://tracker.example.org:1337/announce", ok: false, sentence: "has no such name" },
    ],
    history: {
      everySeconds: 1,
      down: Array.from({ length: seconds }, (_, i) => isDone && i > 120 ? 0 : wave(i, 32)),
      up: Array.from({ length: seconds }, (_, i) => wave(i + 50, 5)),
      peakDown: 41.3 * MIB,
      peakUp: 6.2 * MIB,
    },
    ...(isDone
      ? {
        result: {
          sha256: "f3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f1",
          v2Root: "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
          seconds: 24.8,
          averageRate: 31.6 * MIB,
          bytes: totalBytes,
          verifiedBy: "SHA-256",
          sources: [
            { address: "10.0.0.7:6881", client: "Shoal 0.1.0", bytes: 0.52 * totalBytes },
            { address: "10.0.0.9:6881", client: "qBittorrent 5.1.2", bytes: 0.31 * totalBytes },
            { address: "[2001:db8::7:21]:51413", bytes: 0.17 * totalBytes },
          ],
        },
      }
      : {}),
  };
}

/** A seeder that gave 3.42 times what it has. */
export function mockSeeder(): TransferSnapshot {
  const leecher = mockLeecher(1);
  const { result: _, wastedBytes: __, ...rest } = leecher;
  return {
    ...rest,
    program: "seeder",
    wastedBytes: 0,
    sentence: "sharing: port 6881 unreachable from the tracker: firewall? sending to 5 peers",
    tone: "wait",
    reachable: "no",
    uploadedBytes: 3.42 * leecher.totalBytes,
    downloadedBytes: 0,
    downloadRate: 0,
    uploadRate: 48 * MIB,
    peers: Array.from({ length: 5 }, (_, i) => mockPeer(i, true)),
    history: { ...leecher.history, down: [], peakDown: 0 },
    stop: { sentence: "12 of 20 complete" },
  };
}

/** A seeder that hands out one copy gradually. */
export function mockGradualSeeder(): TransferSnapshot {
  const { stop: _, ...seeder } = mockSeeder();
  return {
    ...seeder,
    sentence: "handing out gradually: sending to 5 peers",
    tone: "good",
    reachable: "yes",
    superSeeding: true,
    uploadedBytes: 0.31 * seeder.totalBytes,
    copies: 0,
    trackers: seeder.trackers.slice(0, 1),
  };
}

/** A leecher whose first peer is such a seeder. */
export function mockGradualLeecher(): TransferSnapshot {
  const leecher = mockLeecher(0.26);
  const peers = leecher.peers.map((peer, i) => ({ ...peer, progress: 0.2 + i / 50 }));
  peers[0] = { ...peers[0]!, progress: 0.28, isGradual: true };
  return { ...leecher, peers };
}

/** A leecher of a folder of so many files, of which one was not chosen. */
export function mockFolder(files = 30): TransferSnapshot {
  const fileRows = Array.from({ length: Math.min(100, files) }, (_, i) => {
    const bytes = i === 5 ? 0 : (1 + i * 37 % 11) * 30 * MIB;
    const isChosen = i !== 2;
    const path = `week-${String(i).padStart(2, "0")}/lecture ${i}.mp4`;
    return { path, bytes, isChosen, ...(isChosen && { haveBytes: bytes * (i % 4) / 3 }) };
  });
  return {
    ...mockLeecher(0.4),
    name: "course-material-2026",
    path: "/srv/images/course-material-2026",
    files,
    fileRows,
  };
}

/** A map of a download with this share done, from its start on and with holes. */
export function mockMap(share: number, pieces = 1566): PieceMap {
  const perCell = Math.ceil(pieces / 4000);
  const cells = Math.ceil(pieces / perCell);
  const verified = new Uint8Array(cells);
  const state = new Uint8Array(cells);
  const availability = new Uint8Array(cells);
  for (let i = 0; i < cells; i++) {
    const chance = ((i * 2654435761) >>> 0) / 2 ** 32;
    const isDone = share === 1 || chance < share * (1.6 - 1.2 * i / cells);
    verified[i] = isDone ? 255 : perCell > 1 && chance > 0.9 && share > 0 ? 90 : 0;
    if (!isDone && share > 0 && chance > 0.97) state[i] = 1;
    if (!isDone && share > 0 && i % 499 === 77) state[i] = 2;
    availability[i] = share === 0 ? 0 : 1 + Math.floor(3 * chance + (i < cells / 3 ? 1 : 0));
  }
  return {
    pieces,
    cells,
    perCell,
    verified: base64(verified),
    state: base64(state),
    availability: base64(availability),
  };
}

/** A tracker with `swarms` swarms, the first of which is looked at. */
export function mockTracker(swarms = 6): TrackerSnapshot {
  const names = [
    "debian-13.2.0-amd64-netinst.iso",
    "course-material-2025",
    "llama-weights.safetensors",
    "lab-image.qcow2",
    "ubuntu-24.04.3-desktop-amd64.iso",
  ];
  const rows = Array.from({ length: swarms }, (_, i) => ({
    hash: (i * 7919 + 65537).toString(16).repeat(9).slice(0, 40).padEnd(40, "0"),
    ...(i === 5
      ? {}
      : { name: names[i % 5]! + (i > 5 ? ` (${i})` : ""), size: 783 * MIB * (i + 1) }),
    seeders: 37 - i % 30,
    leechers: 3 + i % 5,
    completed: 34 + i,
  }));
  return {
    program: "tracker",
    version: "0.1.0",
    sentence: "answering 202 peers in 6 swarms",
    tone: "good",
    url: "udp://10.0.0.2:6969",
    elapsedSeconds: 8123,
    counters: {
      swarms,
      seeders: 171,
      leechers: 31,
      announces: 12_873,
      answersPerSecond: 3.4,
      errors: 2,
    },
    total: swarms,
    swarms: rows.slice(0, 200),
    selected: {
      hash: rows[0]!.hash,
      rollCall: "37 of 40 complete, 2 slow, 1 silent",
      tone: "bad",
      complete: 37,
      recipients: 40,
      expected: 0,
      peers: Array.from({ length: 40 }, (_, i) => ({
        address: `10.0.0.${7 + i}:6881`,
        ...(i === 39 ? {} : { progress: i < 37 ? 1 : 0.31 * (i - 36) }),
        lastSeenSeconds: i === 39 ? 148 : (i * 13) % 60,
        client: "Shoal 0.1.0",
        state: i < 37 ? "complete" : i < 39 ? "slow" : "silent",
      })),
    },
  };
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
