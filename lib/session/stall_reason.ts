/**
 * Finds out why no data moves: one of the known reasons, and a sentence that says what to do.
 *
 * @module
 */

import {
  inSeconds,
  type TrackerFailure,
  type TrackerSummary,
} from "../discovery/tracker_status.ts";
import type { StallCode } from "../error_codes.ts";
import type { Connection } from "../peer/connection/connection.ts";
import { addressOf, type Peer } from "../peer/connection/peer.ts";
import type { Swarm } from "../peer/swarm.ts";
import type { TransferView } from "../peer/transfer_view.ts";

/** How long no data may arrive before that counts as waiting, in milliseconds. */
const PATIENCE_MS = 3000;

/**
 * A total rate below this, in bytes per second, is slow. A block is 16 KiB and rates average four seconds,
 * so one block now and then is slow, and two at a time are not.
 */
const SLOW_RATE = 8192;

/** Why no data moves. */
export interface StallReason {
  /** The name of the reason, for programs. */
  readonly code: StallCode;
  /** One sentence, to follow "waiting: ". Numbers in it change over time. */
  readonly sentence: string;
  /** What it is about, where there are several candidates: another one is news. */
  readonly about?: string;
}

/**
 * The reason why no data arrives, or hardly any; `undefined` while enough does.
 *
 * @param nowMs on the same clock as the swarm's events
 * @param downloadLimit the user's own, in bytes per second; a download at this limit is not slow
 */
export function stallReason(
  swarm: Swarm,
  trackers: TrackerSummary,
  nowMs: number,
  downloadLimit = Infinity,
): StallReason | undefined {
  const connections = [...swarm.connections.values()];
  const peers = [...swarm.peers.values()];
  if (connections.length === 0) return withoutConnections(peers, trackers, nowMs);
  const rate = connections.reduce((sum, { download }) => sum + download.meter.rate(nowMs), 0);
  if (rate >= Math.min(SLOW_RATE, downloadLimit / 2)) return undefined;
  if (connections.some(({ openedMs }) => nowMs - openedMs < PATIENCE_MS)) return undefined;
  if (swarm.transfer === undefined) {
    const who = counted(connections, "peer");
    return waiting(
      "no-metadata",
      `${who} connected, but none has sent the torrent's description; a .torrent file has it too`,
    );
  }
  return withConnections(connections, swarm.transfer, peers);
}

function withConnections(
  connections: readonly Connection[],
  { hashesComplete, layout }: TransferView,
  peers: readonly Peer[],
): StallReason {
  const useful = connections.filter(({ pieces }) => pieces.amInterested);
  if (useful.length === 0) {
    // It has the rest, and offers each piece to one peer first.
    const gradual = connections.filter(({ handsOutGradually }) => handsOutGradually);
    if (gradual.length > 0) return waiting("choked", inTurn(gradual));
    const who = counted(connections, "peer");
    const seeder = peers.find(({ state, complete }) => state === "away" && complete);
    const what = seeder === undefined
      ? "a seeder is needed"
      : `the seeder ${addressOf(seeder)} is gone (${seeder.reason || "closed the connection"})`;
    return waiting("no-seeder", `${who} connected, but none has what is missing; ${what}`);
  }
  if (!hashesComplete && layout.version === "v2") {
    return waiting(
      "no-hashes",
      "no peer has sent the hashes of the file yet; another may have them",
    );
  }
  if (useful.every(({ download }) => download.peerChoking)) {
    return waiting(
      "choked",
      useful.length === 1
        ? "the peer that has the rest is serving others; waiting for a turn"
        : `all ${useful.length} peers that have the rest are serving others; waiting for a turn`,
    );
  }
  const who = useful.length === 1
    ? "the peer that has the rest sends"
    : `all ${useful.length} peers that have the rest send`;
  return waiting("slow", `${who} hardly anything; another seeder would help`);
}

function inTurn(seeders: readonly Connection[]): string {
  const who = seeders.length === 1
    ? "the seeder hands out its chunks"
    : `all ${seeders.length} seeders hand out their chunks`;
  return `${who} gradually, each to one peer first; waiting for a turn`;
}

function withoutConnections(
  known: readonly Peer[],
  trackers: TrackerSummary,
  nowMs: number,
): StallReason | undefined {
  // A peer we cannot connect to may only connect by itself, so it does not help a waiting user.
  const peers = known.filter(({ dialable, state }) => dialable || state === "connecting");
  if (peers.length === 0) return withoutPeers(trackers);
  const lost = peers.filter(({ state, failures }) =>
    state === "away" || (state !== "banned" && failures > 0)
  );
  if (lost.length > 0) return unreachable(lost as [Peer, ...Peer[]], nowMs);
  const banned = peers.filter(({ state }) => state === "banned");
  if (banned.length === peers.length) {
    const [first] = banned as [Peer];
    const sentence = `another seeder is needed, ${addressOf(first)} ${first.reason}`;
    return waiting("banned", sentence, addressOf(first));
  }
  return waiting("connecting", `connecting to ${counted(peers.slice(banned.length), "peer")}`);
}

/** What the user may check, by the result of connecting to a peer. */
const HINTS: Readonly<Record<string, string>> = {
  "does not answer": "firewall?",
  "refuses connections": "is it still running?",
};

function unreachable([first, ...others]: readonly [Peer, ...Peer[]], nowMs: number): StallReason {
  const address = addressOf(first);
  const more = others.length > 0 ? ` and ${others.length} more` : "";
  const who = `${first.url === undefined ? "seeder" : "web server"} ${address}${more}`;
  const why = first.reason || "is gone";
  const when = first.state === "away"
    ? inSeconds((first.retryAtMs - nowMs) / 1000)
    : "trying again";
  const hint = HINTS[why];
  return waiting(
    "unreachable",
    `${who} unreachable: ${hint === undefined ? `${why}, ${when}` : `${hint} (${why}, ${when})`}`,
    `${address} ${why}`,
  );
}

/** What the user may do about a tracker. */
const ADVICE: Readonly<Record<TrackerFailure, string>> = {
  "tracker-silent": "is it running, and its UDP port open?",
  "tracker-refuses": "ask who runs it",
  "tracker-fails": "check its address",
};

function withoutPeers(trackers: TrackerSummary): StallReason {
  switch (trackers.state) {
    case "none":
      return waiting(
        "no-source",
        "no tracker and no peer was given",
      );
    case "local":
      return waiting(
        "no-local-peer",
        "nobody on the local network shares it yet, and no tracker was given",
      );
    case "asking":
      return waiting("asking-tracker", "asking the tracker who has it");
    case "failing": {
      const { code, sentence, nextInSeconds } = trackers;
      const when = nextInSeconds === undefined ? "" : `, ${inSeconds(nextInSeconds)}`;
      return waiting(code, `${sentence}${when}; ${ADVICE[code]}`, sentence);
    }
    case "answering":
      return trackers.others === 0
        ? waiting(
          "no-such-file",
          "no such file on the tracker: nobody shares it there yet; check the link, and that its " +
            "seeder uses this tracker",
        )
        : waiting(
          "no-seeder",
          "others on the tracker want it too, but no address of a seeder came; start one",
        );
  }
}

function waiting(code: StallCode, sentence: string, about?: string): StallReason {
  return { code, sentence, ...(about !== undefined && { about }) };
}

function counted(things: readonly unknown[], what: string): string {
  return `${things.length} ${what}${things.length === 1 ? "" : "s"}`;
}
