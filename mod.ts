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

export { type CreateOptions, createTorrent } from "./lib/client/create/create_torrent.ts";
export { Torrent } from "./lib/store/torrent.ts";
export { Seeder, type SeederOptions } from "./lib/client/seeder.ts";
export { Leecher, type LeecherOptions } from "./lib/client/leecher.ts";
export type { TorrentSource } from "./lib/client/requested_torrent.ts";
export {
  Client,
  type ClientEvent,
  type ClientLimits,
  type ClientListener,
  type ClientOptions,
  type ClientStats,
  type ClientTorrent,
  type DownloadOptions,
  type SeedOptions,
} from "./lib/client/client.ts";
export {
  FolderWatch,
  type FolderWatchHandlers,
  type FolderWatchOptions,
  type Share,
} from "./lib/client/folder_watch.ts";
export { listTorrent } from "./lib/client/list.ts";
export { verifyFile, type VerifyResult } from "./lib/client/verify.ts";
export type {
  Metainfo,
  TorrentFile,
  TorrentInfo,
  TorrentVersion,
} from "./lib/codec/torrent/metainfo.ts";
export {
  type AbandonedTorrent,
  type FoundSwarms,
  type Machine,
  type RollCall,
  type SwarmEvent,
  type SwarmMember,
  type SwarmSummary,
  Tracker,
  type TrackerEvent,
  type TrackerLimits,
  type TrackerListener,
  type TrackerOptions,
  type TrackerStats,
} from "./lib/tracker/server.ts";
export type { CatalogueEntry } from "./lib/discovery/catalogue_entries.ts";
export { catalogue, findByName, type FindOptions } from "./lib/discovery/find_by_name.ts";
export { rollCall, type RollCallOptions, type TorrentRollCall } from "./lib/client/roll_call.ts";
export {
  type CalledRoll,
  machineAddress,
  machineName,
  rollSentence,
  type RollTone,
  rollTone,
  slowestOf,
} from "./lib/tracker/roll_sentence.ts";
export type { MachineState, WhoEntry } from "./lib/codec/discovery/udp_tracker.ts";
export type {
  ConnectionStats,
  TransferEvent,
  TransferListener,
  TransferResult,
  TransferSource,
  TransferStats,
} from "./lib/session/events.ts";
export type { SeedingEnd } from "./lib/session/seeding_limit.ts";
export type { DisconnectedPeerStats, TransferDetails } from "./lib/session/details.ts";
export type { ByteRange } from "./lib/session/file_stream.ts";
export type { TransferFile } from "./lib/session/torrent_files.ts";
export type { FileStanding, FileView } from "./lib/session/file_progress.ts";
export type { PieceView } from "./lib/session/stats.ts";
export type { TrackerFault, TrackerStanding } from "./lib/discovery/tracker_status.ts";
export { servePage } from "./lib/ui/serve_page.ts";
export type { PeerState } from "./lib/peer/connection/peer_state.ts";
export type { StallReason } from "./lib/session/stall_reason.ts";
export type { TrackerFailure } from "./lib/discovery/tracker_status.ts";
export type { TorrentOptions } from "./lib/session/options.ts";
export type { StallOptions } from "./lib/session/stall_monitor.ts";
export type { SeedingLimitOptions } from "./lib/session/seeding_limit.ts";
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
export { DownloadTimeoutError } from "./lib/errors.ts";
export type { ErrorDetails } from "./lib/errors.ts";
export { ERROR_CODES, STALL_CODES, WARNING_CODES } from "./lib/error_codes.ts";
export type { ErrorCode, OptionName, StallCode, WarningCode } from "./lib/error_codes.ts";
export type { Page, PageOptions } from "./lib/ui/make_page.ts";
export type {
  CollectedEvent,
  CollectedTorrent,
  TorrentCollection,
} from "./lib/ui/torrents/collection.ts";
