/**
 * What earlier runs left of an unfinished download, and what this one leaves to the next.
 *
 * @module
 */

import { buildMetainfo, parseMetainfo } from "../../codec/torrent/metainfo.ts";
import type { PieceLayer } from "../../codec/torrent/piece_layer.ts";
import { Bitfield } from "../../store/bitfield.ts";
import { checkPieces } from "../check_pieces.ts";
import { NOTE_SHA1, NOTE_VERIFIED, type NotesPlace } from "../resume_format.ts";
import { passesSpotCheck } from "../spot_check.ts";
import { readResume, ResumeFile } from "./resume_file.ts";
import type { DownloadPlan } from "./storage.ts";

/** Which pieces are right. */
export interface Verified {
  readonly have: Bitfield;
  /** Some of them were verified by SHA-1 although the torrent is a hybrid. */
  readonly hasSha1Pieces: boolean;
}

/** The resume file of one download. */
export class ResumeData {
  readonly #plan: DownloadPlan;
  readonly #path: string;
  #wereFound = false;
  #file: ResumeFile | undefined;

  /** The one at `path`. */
  constructor(plan: DownloadPlan, path: string) {
    this.#plan = plan;
    this.#path = path;
  }

  /**
   * What they say is right, where that can be trusted, and some of it was found to be so; layers that
   * they know are known from then on.
   *
   * @param data where each file is, empty for what is not there
   */
  async trusted(data: readonly string[]): Promise<Verified | undefined> {
    const { layout, layers } = this.#plan;
    const notes = await readResume(this.#path, data, this.#hash);
    this.#wereFound = notes !== undefined;
    if (notes === undefined) return undefined;
    takeLayers(layers, notes.torrent);
    const usable = notes.trusted && notes.map.length === layout.pieceCount;
    if (!usable || notes.map.includes(NOTE_SHA1)) return undefined;
    const have = new Bitfield(layout.pieceCount);
    for (const [piece, note] of notes.map.entries()) if (note !== 0) have.set(piece);
    return await this.#areRight(have, data) ? { have, hasSha1Pieces: false } : undefined;
  }

  /** Whether some of these pieces, chosen at random, are on disk as they should be. */
  #areRight(pieces: Bitfield, paths: readonly string[]): Promise<boolean> {
    const { metainfo: { info }, layout, layers } = this.#plan;
    return passesSpotCheck({ info, layout, layers, paths }, pieces);
  }

  /** Whether {@link trusted} found notes of this torrent, be they to be trusted or not. */
  get wereFound(): boolean {
    return this.#wereFound;
  }

  /** What of the data is right, by hashing it; `paths` as in {@link CheckPlan}. */
  async check(paths: readonly string[]): Promise<Verified> {
    const { have, bySha1 } = await checkPieces({ ...this.#plan, paths });
    return { have, hasSha1Pieces: bySha1 };
  }

  /** Writes them anew, for data that is in these files. @throws {DiskError} when that is not possible */
  async write({ have, hasSha1Pieces }: Verified, data: readonly string[]): Promise<void> {
    const map = new Uint8Array(this.#plan.layout.pieceCount);
    for (const piece of have.ones()) map[piece] = hasSha1Pieces ? NOTE_SHA1 : NOTE_VERIFIED;
    const content = { data, infoHash: this.#hash, map, torrent: this.#torrent };
    this.#file = await ResumeFile.write(this.#path, content);
  }

  /** Where threads note what they wrote; `undefined` before {@link write}. */
  get place(): NotesPlace | undefined {
    return this.#file?.place;
  }

  /** Notes the piece layers as they are known now. */
  writeTorrent(): void {
    try {
      this.#file?.writeTorrent(this.#torrent);
    } catch {
      // A restart asks for them again.
    }
  }

  /** Notes that data was closed; see {@link ResumeFile.close}. */
  async close(data: readonly string[], written: readonly string[]): Promise<void> {
    await this.#file?.close(data, written).catch(() => {}); // then a restart looks at the data
  }

  /** Somebody else wrote to the data: the next run shall look at all of it. */
  doubt(): void {
    try {
      this.#file?.doubt();
    } catch {
      // The same somebody may have removed the notes.
    }
  }

  /** They are needed no longer. */
  async remove(): Promise<void> {
    await Deno.remove(this.#path).catch(() => {});
  }

  get #hash(): Uint8Array {
    const { info } = this.#plan.metainfo;
    return info.v1Hash ?? info.v2Hash!;
  }

  get #torrent(): Uint8Array {
    const { metainfo, layers } = this.#plan;
    const pieceLayers = new Map<string, Uint8Array>();
    for (const [root, layer] of layers) {
      if (layer.bytes !== undefined && layer.pieceCount > 1) pieceLayers.set(root, layer.bytes);
    }
    return buildMetainfo({ infoBytes: metainfo.info.bytes, pieceLayers });
  }
}

/** Piece layers that an earlier run learned. What does not parse or prove is left out. */
function takeLayers(layers: ReadonlyMap<string, PieceLayer>, torrent: Uint8Array): void {
  try {
    const { pieceLayers } = parseMetainfo(torrent);
    for (const [root, layer] of layers) {
      const bytes = pieceLayers.get(root);
      if (bytes === undefined || layer.complete) continue;
      for (let piece = 0; piece < layer.pieceCount; piece++) {
        layer.set(piece, bytes.subarray(piece * 32, piece * 32 + 32));
      }
      layer.proves();
    }
  } catch {
    // A crash may have cut it; peers are asked for the layers instead.
  }
}
