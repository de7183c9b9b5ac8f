/**
 * Shoal gets a big file from one machine to many, fast and provably intact. It speaks BitTorrent on the
 * wire, so other BitTorrent programs can take part.
 *
 * @example Share a file, get it, know it is intact
 * ```ts ignore
 * import { Leecher, Seeder } from "./mod.ts";
 *
 * await using seeder = await Seeder.start("file.iso");
 * await using leecher = await Leecher.start(seeder.magnet, { out: "elsewhere/" });
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
  type SwarmEvent,
  Tracker,
  type TrackerEvent,
  type TrackerLimits,
  type TrackerListener,
  type TrackerOptions,
  type TrackerStats,
} from "./lib/io/tracker_server.ts";
export { catalogue, type CatalogueEntry, findByName, type FindSettings } from "./lib/io/find.ts";
export type {
  ConnectionStats,
  TransferEvent,
  TransferListener,
  TransferResult,
  TransferSource,
  TransferStats,
} from "./lib/io/events.ts";
export type { PeerState } from "./lib/peer/state.ts";
export type { Clock } from "./lib/io/clock.ts";
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
