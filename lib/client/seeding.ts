/**
 * Hashes files and shares them: the steps of a seeder.
 *
 * @module
 */

import type { DiskResources } from "../disk/disk_resources.ts";
import { FileReader } from "../disk/file_reader.ts";
import { callListener } from "../runtime/event_listeners.ts";
import type { ActiveTorrent } from "../session/active_torrent.ts";
import { type TransferEvent, warningEvent } from "../session/events.ts";
import { Bitfield } from "../store/bitfield.ts";
import { Layout, type PieceIndex } from "../store/layout.ts";
import { pieceLayersOf, type Torrent } from "../store/torrent.ts";
import type { Membership } from "./client_resources.ts";
import { createContent, type CreateOptions, type SharedContent } from "./create/create_torrent.ts";
import type { SeederOptions } from "./options.ts";

/** Hashes what is at `path`, and tells the listeners how far that is. */
export function hashContent(
  path: string,
  options: SeederOptions,
  { listeners, resources }: Membership,
): Promise<SharedContent> {
  const tell = (event: TransferEvent) => {
    for (const listener of listeners) callListener(listener, event);
  };
  const told: CreateOptions = {
    ...options,
    trackers: [],
    onProgress: (doneBytes, totalBytes) => {
      options.onProgress?.(doneBytes, totalBytes);
      tell({ type: "hashing", doneBytes, totalBytes });
    },
    onWarning: (...warning) => {
      options.onWarning?.(...warning);
      tell(warningEvent(...warning));
    },
  };
  return createContent(path, told, resources.disk);
}

/** Announces a torrent that is complete. */
export function announceContent(
  host: ActiveTorrent,
  torrent: Torrent,
  trackers: readonly string[],
): void {
  const { name, length, private: isPrivate, metainfo: { info: { v1Hash, v2Hash } } } = torrent;
  host.announce({
    v1Hash,
    v2Hash,
    trackers: trackers.map((url) => [url]),
    isPrivate,
    progress: () => ({ leftBytes: 0 }),
    hosted: () => isPrivate ? undefined : { name, length, ...(v2Hash && { v2Hash }) },
  });
}

/** Starts uploading from the complete files. */
export function serveContent(
  host: ActiveTorrent,
  torrent: Torrent,
  { paths, stamps }: SharedContent,
  disk: DiskResources,
): void {
  const { info } = torrent.metainfo;
  const layout = Layout.of(info);
  const have = Bitfield.full(layout.pieceCount);
  host.startWith(info.totalLength);
  const expected = (piece: PieceIndex) => host.session.swarm.transfer?.expected(piece);
  host.session.beginTransfer(
    {
      info: info.bytes,
      layout,
      have,
      slotCount: 0,
      sha1s: info.pieces,
      private: info.private,
      layers: pieceLayersOf(torrent.metainfo),
      storeBlock: () => {},
      superSeed: true,
    },
    info,
    {
      shared: disk,
      reader: new FileReader(layout, info.files, paths, expected, stamps, disk.openFiles),
    },
  );
}
