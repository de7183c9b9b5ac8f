// A project that imports this one brings its own options: what the compiler has to know comes along.
/// <reference types="./lib/std.d.ts" />

/**
 * Shoal gets a big file from one machine to many, fast and provably intact. It speaks BitTorrent on the
 * wire, so other BitTorrent programs can take part.
 *
 * @example Share a file, get it by its name, know it is intact
 * ```ts
 * import { Leecher, Seeder, Tracker } from "@shoal/shoal";
 *
 * await using tracker = await Tracker.listen({ port: 0 });
 * const trackers = [`udp://127.0.0.1:${tracker.addr.port}`];
 * await using seeder = await Seeder.start("file.iso", { trackers });
 * console.log(seeder.magnet);
 * await using leecher = await Leecher.start("file.iso", { trackers, out: "copy/" });
 * console.log((await leecher.complete).path);
 * ```
 *
 * @module
 */

export { type CreateOptions, createTorrent } from "./lib/io/create.ts";
export { Torrent } from "./lib/io/torrent.ts";
export { Seeder, type SeederOptions } from "./lib/io/seeder.ts";
export { Leecher, type LeecherOptions } from "./lib/io/leecher.ts";
export { listTorrent } from "./lib/io/inspect.ts";
export { verifyFile, type VerifyResult } from "./lib/io/verify.ts";
export type { Metainfo, TorrentFile, TorrentInfo, TorrentVersion } from "./lib/codec/metainfo.ts";
export {
  type FoundSwarms,
  type SwarmEvent,
  type SwarmMember,
  type SwarmSummary,
  Tracker,
  type TrackerEvent,
  type TrackerLimits,
  type TrackerListener,
  type TrackerOptions,
  type TrackerStats,
} from "./lib/io/tracker_server.ts";
export { catalogue, type CatalogueEntry, findByName, type FindOptions } from "./lib/io/find.ts";
export type {
  ConnectionStats,
  TransferEvent,
  TransferListener,
  TransferResult,
  TransferSource,
  TransferStats,
} from "./lib/io/events.ts";
export type { SeedingEnd } from "./lib/io/seeding_limit.ts";
export type { StrangerStats, TransferDetails } from "./lib/io/details.ts";
export type { FileStanding, FileView } from "./lib/io/file_view.ts";
export type { PieceView } from "./lib/io/piece_view.ts";
export type { TrackerStanding } from "./lib/io/tracker_board.ts";
export { type Page, type PageOptions, servePage } from "./lib/ui/serve_page.ts";
export type { PeerState } from "./lib/peer/state.ts";
export type { Waiting, WaitingCode } from "./lib/io/waiting.ts";
export type { TrackerFault } from "./lib/io/announcer.ts";
export type { TrackerFailure } from "./lib/io/tracker_outlook.ts";
export type { HostOptions } from "./lib/io/host.ts";
export type { PatienceOptions } from "./lib/io/patience.ts";
export type { SeedingLimitOptions } from "./lib/io/seeding_limit.ts";
export {
  DiskError,
  ExitCode,
  MagnetError,
  NetworkError,
  OptionError,
  ProtocolError,
  ShoalError,
  TorrentError,
} from "./lib/errors.ts";
