/**
 * Puts the state of a transfer into one sentence, with the reason.
 *
 * @module
 */

import type { TransferDetails } from "../session/details.ts";
import type { TransferStats } from "../session/events.ts";
import { clipped, count, percent } from "./text.ts";

/** The kind of a status: work in progress, waiting, all well, or a problem. */
export type Severity = "work" | "wait" | "good" | "bad";

/** The details that the sentence depends on. */
export type StatusDetails = Partial<
  Pick<TransferDetails, "reason" | "result" | "trackers" | "reachable">
>;

/** What the sentence depends on. */
export interface StatusInput {
  readonly program: "leecher" | "seeder";
  readonly stats: TransferStats;
  /** Absent until the transfer has started. */
  readonly details: StatusDetails | undefined;
  /** The progress of hashing or checking; absent at other times. */
  readonly hashing: { readonly doneBytes: number; readonly totalBytes: number } | undefined;
  /** The TCP port that is listened on. */
  readonly port: number;
}

/** A sentence and its severity. */
export interface Status {
  readonly sentence: string;
  readonly tone: Severity;
}

/** The sentence for the present state. */
export function statusText(input: StatusInput): Status {
  const { stats, details } = input;
  switch (stats.state) {
    case "lookup":
      return work(
        stats.name === "" ? "starting" : `looking for somebody who has "${clipped(stats.name)}"`,
      );
    case "hashing":
      return work(`hashing the file${progressOf(input)}`);
    case "checking":
      return work(`checking what is on disk${progressOf(input)}`);
    case "metadata":
      return details?.reason === undefined
        ? work(asking(stats.peers.connected))
        : waiting(details.reason);
    case "downloading":
      return work(downloading(stats));
    case "waiting":
      return waiting(details?.reason ?? "no connected peer has anything that is still missing");
    case "verifying":
      return work("download complete, checking the whole file");
    case "flushing":
      return work("download complete, writing to disk");
    case "seeding":
      return seeding(input);
    case "stopped":
      return details?.result !== undefined || input.program === "seeder"
        ? good("stopped")
        : { sentence: "stopped before it was complete", tone: "bad" };
  }
}

function asking(connected: number): string {
  return connected === 0
    ? "looking for peers with the torrent's metadata"
    : `asking ${count(connected, "peer")} for the torrent's metadata`;
}

function downloading({ connections, peers }: TransferStats): string {
  const sending = connections.filter(({ downloadRate }) => downloadRate > 0).length;
  if (sending > 0) return `downloading from ${count(sending, "peer")}`;
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
  const downloading = connections.filter(({ uploadRate }) => uploadRate > 0).length;
  const peers = downloading > 0
    ? `sending to ${count(downloading, "peer")}`
    : connections.length > 0
    ? `${count(connections.length, "peer")} connected, none is downloading now`
    : "no peers connected";
  const { result } = details ?? {};
  const before = result === undefined
    ? stats.superSeeding ? "handing out gradually" : "sharing"
    : `complete, ${result.verifiedBy} verified; seeding`;
  const trackers = details?.trackers ?? [];
  const failing = trackers.filter(({ ok }) => ok === false);
  if (failing.length > 0 && failing.length === trackers.length) {
    const refusal = failing.find(({ fault }) => fault?.code === "tracker-refuses")?.fault?.sentence;
    const why = refusal ?? "no tracker answers";
    return waiting(`${why}, so other peers cannot find this one; ${peers}`, before);
  }
  // A peer that has connected proves more than the tracker's attempt.
  const isOpen = details?.reachable !== false || connections.some(({ flags }) => /i/.test(flags));
  if (!isOpen) {
    return waiting(`port ${port} unreachable from the tracker: firewall? ${peers}`, before);
  }
  if (failing.length > 0) {
    const verb = failing.length === 1 ? "fails" : "fail";
    return waiting(`${peers}; ${failing.length} of ${trackers.length} trackers ${verb}`, before);
  }
  return good(`${before}: ${peers}`);
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
