/**
 * The programs' longer outputs: what a seeder offers and how to download it, a torrent's contents, what is
 * wrong with a file, and the sources of a finished download.
 *
 * @module
 */

import type { Torrent, TransferStats, VerifyResult } from "../../../mod.ts";
import { linkCommand, localCommand, nameCommand } from "../command_line/invocation.ts";
import { foreign, padEnd, printable } from "../text/terminal_text.ts";
import { count, formatBytes, formatPercent } from "../text/units.ts";

/** The most sources in the table of {@link sourceLines}. */
const MOST_SOURCES = 20;
/** The most mismatching files named. */
const MOST_BAD_FILES = 3;

/** What a seeder prints when it is ready. */
interface Offer {
  /** The torrent it shares. */
  readonly torrent: Torrent;
  /** The TCP port it listens on. */
  readonly port: number;
  /** The link, with addresses that other machines can reach. */
  readonly magnet: string;
  /** The trackers it announces to. */
  readonly trackers: readonly string[];
  /** Whether it hosts the tracker itself. */
  readonly embeddedTracker: boolean;
}

/**
 * Describes `offer`, with the commands to download it, the shortest first.
 *
 * @param program starts a leecher
 * @param isFoundLocally whether the local network finds it by its name
 */
export function offerLines(offer: Offer, program: string, isFoundLocally: boolean): string[] {
  const { torrent } = offer;
  const reachable = new URL(offer.magnet).searchParams.getAll("tr");
  return [
    ...torrentLines(torrent),
    `listening on TCP port ${offer.port}`,
    ...trackerLines(offer, reachable),
    ...commandLines(offer, program, isFoundLocally, reachable),
    "sharing until Ctrl-C",
  ];
}

/** Describes what a seeder shares, if it shares several; empty when it shares nothing yet. */
export function offerOfManyLines(
  offer: Pick<Offer, "port" | "trackers" | "embeddedTracker">,
  shared: readonly (Pick<Offer, "torrent" | "magnet"> & { readonly isFoundLocally: boolean })[],
  program: string,
): string[] {
  const [first] = shared;
  if (first === undefined) return [`listening on TCP port ${offer.port}`];
  const reachable = new URL(first.magnet).searchParams.getAll("tr");
  const { name } = first.torrent;
  const locally = first.isFoundLocally ? localCommand(program, name) : undefined;
  const byName = locally ?? nameCommand(program, name, reachable);
  return [
    `${count(shared.length, "torrent")}, listening on TCP port ${offer.port}`,
    ...trackerLines(offer, reachable),
    `get each by its link${byName === undefined ? "" : ", or by its name"}, as in`,
    `  ${byName ?? linkCommand(program, first.magnet)}`,
  ];
}

function commandLines(
  { torrent, magnet }: Offer,
  program: string,
  isFoundLocally: boolean,
  reachable: readonly string[],
): string[] {
  const byLink = `  ${linkCommand(program, magnet)}`;
  const locally = isFoundLocally ? localCommand(program, torrent.name) : undefined;
  if (locally !== undefined) {
    return ["get it on the local network with", `  ${locally}`, "or anywhere with", byLink];
  }
  const byName = nameCommand(program, torrent.name, reachable);
  const names = byName === undefined
    ? []
    : ["or by its name, which Shoal's trackers know", `  ${byName}`];
  return ["get it with", byLink, ...names];
}

/** Describes a torrent: name, number of files if it is a folder, size, chunks, hashes. */
export function torrentLines(torrent: Torrent, { length: fileCount } = torrent.files): string[] {
  const { name, length, pieceCount, pieceLength, version, v1Hash, v2Hash } = torrent;
  const files = torrent.multiFile ? `/, ${count(fileCount, "file")}` : "";
  const chunks = `${count(pieceCount, "chunk")} of ${formatBytes(pieceLength)}`;
  return [
    `${printable(name)}${files}, ${formatBytes(length)} (${length} bytes), ${chunks}, ${version}`,
    ...(v1Hash === undefined ? [] : [`  info-hash v1 ${v1Hash}`]),
    ...(v2Hash === undefined ? [] : [`  info-hash v2 ${v2Hash}`]),
  ];
}

/**
 * The output of `leecher --list`: {@link torrentLines}, the flags set, trackers, web seeds, files. A
 * generator, because there may be very many files.
 */
export function* listing(torrent: Torrent): Generator<string, void, void> {
  const { files, multiFile } = torrent;
  yield* torrentLines(torrent, files);
  if (torrent.private) yield "  private";
  if (torrent.comment) yield `  comment ${foreign(torrent.comment)}`;
  for (const url of torrent.trackers) yield `  tracker ${foreign(url)}`;
  for (const url of torrent.webSeeds) yield `  web seed ${foreign(url)}`;
  yield* fileLines(files, multiFile);
}

/** One line per file; those of a folder are numbered, for `--select`. */
function* fileLines(files: Torrent["files"], multiFile: boolean) {
  const width = String(files.length - 1).length + 2;
  for (const [index, { path, length }] of files.entries()) {
    const number = multiFile ? String(index).padStart(width) : "";
    yield `${number}${formatBytes(length).padStart(12)}  ${printable(path)}`;
  }
}

/** What `leecher --verify` found wrong. */
export function mismatch({ path, badPieces, pieces, badFiles, files }: VerifyResult): string {
  if (badFiles[0]?.includes("/")) { // of a folder
    const named = badFiles.slice(0, MOST_BAD_FILES).map(foreign).join(", ");
    const more = badFiles.length > MOST_BAD_FILES ? " and others" : "";
    return `${path}: ${badFiles.length} of ${count(files, "file")} do not match (${named}${more})`;
  }
  return badPieces === 0
    ? `${path} is longer than it should be`
    : `${path}: ${badPieces} of ${count(pieces, "chunk")} do not match`;
}

/** A table of sources, largest first; empty when there are none. */
export function sourceLines(sources: TransferStats["sources"]): string[] {
  const sorted = sources.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const totalBytes = sorted.reduce((sum, { bytes }) => sum + bytes, 0);
  const named = sorted.slice(0, MOST_SOURCES).map(({ address, client, bytes }) => [
    foreign(address),
    formatBytes(bytes).padStart(10),
    formatPercent(bytes, totalBytes).padStart(6),
    foreign(client ?? ""),
  ]);
  const widest = Math.max(0, ...named.map(([address]) => address!.length));
  const lines = named.map(([address, ...rest]) =>
    `  ${padEnd(address!, widest)}  ${rest.join("  ")}`.trimEnd()
  );
  const others = sorted.slice(MOST_SOURCES);
  if (others.length > 0) {
    const bytes = others.reduce((sum, other) => sum + other.bytes, 0);
    lines.push(`  and ${count(others.length, "other")}, ${formatBytes(bytes)} in all`);
  }
  return lines.length === 0 ? [] : [`from ${count(sorted.length, "source")}:`, ...lines];
}

function trackerLines(
  { trackers, embeddedTracker }: Pick<Offer, "trackers" | "embeddedTracker">,
  reachable: readonly string[],
) {
  if (embeddedTracker) {
    const url = reachable.find((url) => url.startsWith("udp:")) ?? trackers[0] ?? "";
    return [`hosting a tracker too, at ${printable(url)}`];
  }
  return trackers.map((url) => `tracker ${printable(url)}`);
}
