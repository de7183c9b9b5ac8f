/**
 * Sentences for a transfer's events, for those worth one.
 *
 * @module
 */

import type { TransferEvent } from "../../../mod.ts";
import { stallText, warningText } from "./advice.ts";
import { foreign } from "./terminal_text.ts";
import { count, formatBytes, formatElapsed, formatPercent, formatRate } from "./units.ts";

/** A sentence and its level. */
export interface Sentence {
  /** One line, safe to print. */
  readonly text: string;
  /** `detail` is for -v only, `trace` for -vv. */
  readonly level: "trace" | "detail" | "news" | "warning";
}

/** The sentence for `event`, or `undefined` if the progress line shows it. */
export function sentenceFor(event: TransferEvent): Sentence | undefined {
  switch (event.type) {
    case "hashing":
      return undefined;
    case "listening":
      return detail(`listening on TCP port ${event.port}`);
    case "lookup":
      return news(`looking for "${foreign(event.name)}" on ${whereAsked(event)}`);
    case "trackerFound":
      return news(`using the tracker ${foreign(event.url)} of the local network`);
    case "metadata":
      return news(metadataText(event));
    case "resumed":
      return event.haveBytes > 0 && event.haveBytes < event.totalBytes
        ? news(resumedText(event))
        : undefined;
    case "tracker":
      return trackerSentence(event);
    case "reach":
      return reachSentence(event);
    case "localDiscovery":
      return detail(
        event.error === undefined
          ? `looking for peers on the local network, from ${event.addresses.join(", ")}`
          : `no peers can be looked for on the local network: ${foreign(event.error)}`,
      );
    case "peer":
      return peerSentence(event);
    case "piece": {
      const { piece, bytes, from } = event;
      const text = `chunk ${piece} verified (${formatBytes(bytes)} from ${list(from)})`;
      return { text, level: "trace" };
    }
    case "pieceFailed":
      return warning(`chunk ${event.piece} from ${list(event.from)} is corrupt; getting it again`);
    case "pieceLost":
      return warning(
        `${foreign(event.path)} has changed: chunk ${event.piece} no longer matches and is not ` +
          "served any more; start again to share the file as it is now",
      );
    case "stalled":
      return news(`waiting: ${foreign(stallText({ ...event, sentence: event.reason }))}`);
    case "complete":
      return news(completeText(event));
    case "warning":
      return warning(foreign(warningText(event)));
  }
}

/**
 * The leecher's sentence on completion.
 *
 * @param verifiedBy the hash that every chunk was checked with
 * @param seeds whether it continues to seed
 */
export function completionSentence(verifiedBy: "SHA-256" | "SHA-1", seeds: boolean): string {
  const verified = `complete, ${verifiedBy} verified`;
  return seeds ? `${verified}; seeding, Ctrl-C stops, -e exits when done` : verified;
}

type Of<T extends TransferEvent["type"]> = Extract<TransferEvent, { type: T }>;

function whereAsked({ localNetwork }: Of<"lookup">): string {
  return localNetwork ? "the local network and the tracker" : "the tracker";
}

function metadataText({ name, bytes, files, v1Hash, v2Hash }: Of<"metadata">): string {
  const hashes = [v1Hash && `v1 ${v1Hash}`, v2Hash && `v2 ${v2Hash}`].filter(Boolean);
  const folder = files === undefined ? "" : `/, ${count(files, "file")}`;
  return `${foreign(name)}${folder}, ${formatBytes(bytes)}, ${hashes.join(", ")}`;
}

function resumedText({ haveBytes, totalBytes }: Of<"resumed">): string {
  const share = formatPercent(haveBytes, totalBytes);
  return `continuing: ${share} (${formatBytes(haveBytes)}) is here already and verified`;
}

function completeText({ path, bytes, files, seconds, sha256, sources }: Of<"complete">): string {
  const digest = sha256 === undefined ? "" : `, sha-256 ${sha256}`;
  const got = Math.min(bytes, sources.reduce((sum, source) => sum + source.bytes, 0));
  const share = got < bytes ? `, ${formatBytes(got)} of it now` : "";
  const pace = ` in ${formatElapsed(seconds)}, ${formatRate(got / Math.max(seconds, 0.001))}`;
  const how = bytes === 0 ? "" : got === 0 ? ", all of it was here already" : `${share}${pace}`;
  const folder = files === undefined ? "" : `${count(files, "file")}, `;
  return `${foreign(path)}: ${folder}${formatBytes(bytes)}${how}${digest}`;
}

function trackerSentence(event: Of<"tracker">): Sentence {
  if (!event.ok) {
    // The library's sentence names the tracker and says what happens next.
    return warning(foreign(event.error ?? `tracker ${event.url} does not answer, trying again`));
  }
  const url = foreign(event.url);
  const known = [
    event.seeders !== undefined && count(event.seeders, "seeder"),
    event.leechers !== undefined && count(event.leechers, "leecher"),
  ].filter(Boolean);
  return detail(`tracker ${url} answers${known.length > 0 ? `: ${known.join(", ")}` : ""}`);
}

function reachSentence({ port, reachable, tracker }: Of<"reach">): Sentence {
  if (reachable) return detail(`TCP port ${port} can be reached from tracker ${foreign(tracker)}`);
  return warning(
    `port ${port} unreachable from the tracker: others cannot connect to this machine; ` +
      `open TCP port ${port} in the firewall`,
  );
}

function peerSentence(event: Of<"peer">): Sentence | undefined {
  const client = event.client ? ` (${foreign(event.client)})` : "";
  const reason = event.reason ? `: ${foreign(event.reason)}` : "";
  const who = `${foreign(event.address)}${client}`;
  switch (event.state) {
    case "available":
    case "connecting":
      return undefined;
    case "connected":
      return detail(`connected to ${who}`);
    case "away":
      return detail(`${who} is away${reason}`);
    case "banned":
      return warning(`banned ${who}${reason}`);
  }
}

function list(addresses: readonly string[]): string {
  return addresses.map(foreign).join(", ") || "nobody";
}

function news(text: string): Sentence {
  return { text, level: "news" };
}

function detail(text: string): Sentence {
  return { text, level: "detail" };
}

function warning(text: string): Sentence {
  return { text, level: "warning" };
}
