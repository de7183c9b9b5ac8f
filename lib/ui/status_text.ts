/**
 * A transfer's state in one sentence, with its reason.
 *
 * @module
 */

import type { TransferDetails } from "../session/details.ts";
import type { TransferStats } from "../session/events.ts";
import type { Severity } from "./snapshot.ts";
import { clipped, count, percent } from "./text.ts";

/** What the sentence is made of. */
export interface StatusInput {
  readonly program: "leecher" | "seeder";
  readonly stats: TransferStats;
  /** Absent until it has started. */
  readonly details: TransferDetails | undefined;
  /** How far hashing or checking is; absent when nothing is hashed. */
  readonly hashing: { readonly doneBytes: number; readonly totalBytes: number } | undefined;
  /** The TCP port that is listened on. */
  readonly port: number;
}

/** A sentence and how it is meant. */
export interface Status {
  readonly sentence: string;
  readonly tone: Severity;
}

/** The sentence of this moment. */
export function statusText(told: StatusInput): Status {
  const { stats, details } = told;
  switch (stats.state) {
    case "lookup":
      return work(
        stats.name === "" ? "starting" : `looking for "${clipped(stats.name)}" on the tracker`,
      );
    case "hashing":
      return work(`hashing the file${progressOf(told)}`);
    case "checking":
      return work(`checking what is on disk${progressOf(told)}`);
    case "metadata":
      return details?.reason === undefined
        ? work(asking(stats.peers.connected))
        : waiting(details.reason);
    case "downloading":
      return work(downloading(stats));
    case "waiting":
      return waiting(details?.reason ?? "nobody has more to give");
    case "verifying":
      return work("everything is here; a last check of the whole");
    case "flushing":
      return work("everything is here; writing to disk");
    case "seeding":
      return seeding(told);
    case "stopped":
      return details?.result !== undefined || told.program === "seeder"
        ? good("stopped")
        : { sentence: "stopped before it was complete", tone: "bad" };
  }
}

function asking(connected: number): string {
  return connected === 0
    ? "looking for peers that know the torrent"
    : `asking ${count(connected, "peer")} for the torrent's description`;
}

function downloading({ connections, peers }: TransferStats): string {
  const giving = connections.filter(({ downloadRate }) => downloadRate > 0).length;
  if (giving > 0) return `downloading from ${count(giving, "peer")}`;
  return peers.connected === 0
    ? "looking for peers"
    : `connected to ${count(peers.connected, "peer")}, waiting for the first data`;
}

function seeding({ program, stats, details, port }: StatusInput): Status {
  const { pieces, havePieces, connections } = stats;
  if (program === "seeder" && havePieces < pieces) {
    const sentence =
      `the file has changed: ${count(pieces - havePieces, "chunk")} of ${pieces} no ` +
      "longer match and are not sent; start again to share it as it is now";
    return { sentence, tone: "bad" };
  }
  const taking = connections.filter(({ uploadRate }) => uploadRate > 0).length;
  const whom = taking > 0
    ? `sending to ${count(taking, "peer")}`
    : connections.length > 0
    ? `${count(connections.length, "peer")} connected, none needs anything now`
    : "nobody is connected now";
  const { result } = details ?? {};
  const before = result === undefined
    ? stats.superSeeding ? "handing out gradually" : "sharing"
    : `complete, ${result.verifiedBy} verified; seeding`;
  const trackers = details?.trackers ?? [];
  const failing = trackers.filter(({ ok }) => ok === false);
  if (failing.length > 0 && failing.length === trackers.length) {
    const refusal = failing.find(({ fault }) => fault?.code === "tracker-refuses")?.fault?.sentence;
    const why = refusal ?? "no tracker answers";
    return waiting(`${why}, so others do not find this; ${whom}`, before);
  }
  // Who has come in all the same is a better witness than the tracker.
  const isOpen = details?.reachable !== false || connections.some(({ flags }) => /i/.test(flags));
  if (!isOpen) {
    return waiting(`port ${port} unreachable from the tracker: firewall? ${whom}`, before);
  }
  if (failing.length > 0) {
    const verb = failing.length === 1 ? "fails" : "fail";
    return waiting(`${whom}; ${failing.length} of ${trackers.length} trackers ${verb}`, before);
  }
  return good(`${before}: ${whom}`);
}

function progressOf({ hashing }: StatusInput): string {
  if (hashing === undefined || hashing.totalBytes === 0) return "";
  return `, ${percent(hashing.doneBytes, hashing.totalBytes)}`;
}

function work(sentence: string): Status {
  return { sentence, tone: "work" };
}

function good(sentence: string): Status {
  return { sentence, tone: "good" };
}

function waiting(reason: string, before = "waiting"): Status {
  return { sentence: `${before}: ${clipped(reason)}`, tone: "wait" };
}
