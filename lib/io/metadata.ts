/**
 * The metadata of a torrent as it arrives from peers, and how it is told.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import { type Metainfo, parseInfo, type TorrentInfo } from "../codec/metainfo.ts";
import type { HostedFile } from "../codec/udp_tracker.ts";
import type { TransferEvent } from "./events.ts";

/**
 * What is known when peers have given the info dictionary alone.
 *
 * @throws {TorrentError} when it is malformed
 */
export function metainfoOf(info: Uint8Array): Metainfo {
  return { info: parseInfo(info), trackers: [], pieceLayers: new Map(), webSeeds: [] };
}

/** What trackers may list of it in their catalogues. */
export function hostedFile({ info: { name, totalLength, v2Hash } }: Metainfo): HostedFile {
  return { name, length: totalLength, ...(v2Hash && { v2Hash }) };
}

/** That it is known now. */
export function metadataEvent(info: TorrentInfo): TransferEvent {
  return {
    type: "metadata",
    name: info.name,
    bytes: info.totalLength,
    ...(info.multiFile && { files: info.files.filter(({ pad }) => !pad).length }),
    ...(info.v1Hash && { v1Hash: hex(info.v1Hash) }),
    ...(info.v2Hash && { v2Hash: hex(info.v2Hash) }),
  };
}
