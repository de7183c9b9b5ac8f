/**
 * A torrent in the library's public form.
 *
 * @module
 */

import { parseHostPort } from "../codec/address.ts";
import { hex } from "../codec/bytes.ts";
import { formatMagnet } from "../codec/torrent/magnet.ts";
import { buildMetainfo, type Metainfo, parseMetainfo } from "../codec/torrent/metainfo.ts";
import { PieceLayer } from "../codec/torrent/piece_layer.ts";
import { webUrl } from "../codec/torrent/web_seed_url.ts";
import { OptionError } from "../errors.ts";
import { Layout } from "./layout.ts";

/** A .torrent file: files, hashes, trackers. Immutable. */
export class Torrent {
  /** The parsed metainfo. */
  readonly metainfo: Metainfo;

  /** Wraps a validated metainfo; most users want {@link Torrent.parse} or `createTorrent`. */
  constructor(metainfo: Metainfo) {
    this.metainfo = metainfo;
  }

  /**
   * Parses the bytes of a .torrent file.
   *
   * @throws {TorrentError} when they are malformed, inconsistent or unsafe
   */
  static parse(bytes: Uint8Array): Torrent {
    return new Torrent(parseMetainfo(bytes));
  }

  /** Name of the file or folder. */
  get name(): string {
    return this.metainfo.info.name;
  }

  /** Whether the torrent is a folder, with any number of files. */
  get multiFile(): boolean {
    return this.metainfo.info.multiFile;
  }

  /** Bytes of all files. */
  get length(): number {
    return this.metainfo.info.totalLength;
  }

  /** The BitTorrent version; `hybrid` is both. */
  get version(): "v1" | "v2" | "hybrid" {
    return this.metainfo.info.version;
  }

  /** Bytes of a piece. */
  get pieceLength(): number {
    return this.metainfo.info.pieceLength;
  }

  /** Number of pieces. */
  get pieceCount(): number {
    return new Layout(this.metainfo.info).pieceCount;
  }

  /** SHA-1 info-hash, 40 hex digits; absent in v2 torrents. */
  get v1Hash(): string | undefined {
    return this.metainfo.info.v1Hash && hex(this.metainfo.info.v1Hash);
  }

  /** SHA-256 info-hash, 64 hex digits; absent in v1 torrents. */
  get v2Hash(): string | undefined {
    return this.metainfo.info.v2Hash && hex(this.metainfo.info.v2Hash);
  }

  /** Only the torrent's own trackers may supply peers (BEP 27). */
  get private(): boolean {
    return this.metainfo.info.private;
  }

  /** Free text by its creator. */
  get comment(): string | undefined {
    return this.metainfo.comment;
  }

  /** Tracker URLs of all tiers, in order. */
  get trackers(): string[] {
    return this.metainfo.trackers.flat();
  }

  /** URLs of web servers that have the files (BEP 19). */
  get webSeeds(): string[] {
    return [...this.metainfo.webSeeds];
  }

  /**
   * The files, with paths relative to the download folder, separated by `/`. `select` uses these indexes.
   */
  get files(): { path: string; length: number }[] {
    const { files, multiFile, name } = this.metainfo.info;
    return files.filter((file) => !file.pad).map(({ path, length }) => ({
      path: multiFile ? [name, ...path].join("/") : path.join("/"),
      length,
    }));
  }

  /** The bytes of a .torrent file. */
  toBytes(): Uint8Array {
    const { info, ...around } = this.metainfo;
    return buildMetainfo({ infoBytes: info.bytes, ...around });
  }

  /** The same torrent with other trackers. */
  withTrackers(trackers: readonly string[]): Torrent {
    return new Torrent({ ...this.metainfo, trackers: trackers.map((url) => [url]) });
  }

  /**
   * A magnet link with all its hashes, name, length, trackers and web seeds (BEP 9, BEP 53).
   *
   * @param extra.peers `host:port` of peers to try first (`x.pe`)
   */
  magnet(extra: { trackers?: readonly string[]; peers?: readonly string[] } = {}): string {
    const { v1Hash, v2Hash } = this.metainfo.info;
    return formatMagnet({
      ...(v1Hash && { v1Hash }),
      ...(v2Hash && { v2Hash }),
      name: this.name,
      length: this.length,
      trackers: [...(extra.trackers ?? this.trackers)],
      webSeeds: this.metainfo.webSeeds,
      peers: (extra.peers ?? []).map(peerOf),
    });
  }
}

/**
 * Parses a peer's `host:port`.
 *
 * @throws {OptionError} when it is invalid
 */
export function peerOf(text: string): { host: string; port: number } {
  const peer = parseHostPort(text);
  if (peer !== undefined) return peer;
  throw new OptionError(
    `"${text}" is not the address of a peer: write host:port, like 10.0.0.7:6881`,
  );
}

/**
 * Validates the URL of a web seed.
 *
 * @throws {OptionError} when it is invalid
 */
export function webSeedOf(text: string): string {
  const url = webUrl(text);
  if (url !== undefined) return url.href;
  throw new OptionError(
    `"${text}" is not the URL of a web seed: write http:// or https://, without a password in it`,
  );
}

/**
 * The piece layers of a torrent by root in hex, as far as known; empty for v1.
 *
 * @throws {TorrentError} when a given layer does not match its root
 */
export function pieceLayersOf(metainfo: Metainfo): Map<string, PieceLayer> {
  const { files, pieceLength } = metainfo.info;
  const layers = new Map<string, PieceLayer>();
  for (const { root, length } of files) {
    if (root === undefined || layers.has(hex(root))) continue;
    const known = metainfo.pieceLayers.get(hex(root));
    layers.set(hex(root), new PieceLayer(root, length, pieceLength, known));
  }
  return layers;
}
