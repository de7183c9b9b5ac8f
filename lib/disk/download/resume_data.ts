/**
 * Resume data: what earlier runs left of an unfinished download, and what this run leaves.
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

/** The pieces known to be right. */
export interface Verified {
  readonly have: Bitfield;
  /** Some pieces of a hybrid were verified by SHA-1 only. */
  readonly hasSha1Pieces: boolean;
}

/** The resume data of one download. */
export class ResumeData {
  readonly #plan: DownloadPlan;
  readonly #path: string;
  #wereFound = false;
  #file: ResumeFile | undefined;

  /** Uses the resume file at `path`. */
  constructor(plan: DownloadPlan, path: string) {
    this.#plan = plan;
    this.#path = path;
  }

  /**
   * The verified pieces, if the resume file can be trusted and a spot check of the data passes. Also takes
   * over the piece layers it contains.
   *
   * @param data the path of each file, empty for a missing file
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

  /** Spot-checks these pieces. */
  #areRight(pieces: Bitfield, paths: readonly string[]): Promise<boolean> {
    const { disk, metainfo: { info }, layout, layers } = this.#plan;
    return passesSpotCheck({ disk, info, layout, layers, paths }, pieces);
  }

  /** Whether {@link trusted} found resume data for this torrent, trusted or not. */
  get wereFound(): boolean {
    return this.#wereFound;
  }

  /** Hashes the data to find the right pieces; `paths` as in {@link CheckPlan}. */
  async check(paths: readonly string[]): Promise<Verified> {
    const { have, bySha1 } = await checkPieces({ ...this.#plan, paths });
    return { have, hasSha1Pieces: bySha1 };
  }

  /** Writes a new resume file for the data in these files. @throws {DiskError} when that fails */
  async write({ have, hasSha1Pieces }: Verified, data: readonly string[]): Promise<void> {
    const map = new Uint8Array(this.#plan.layout.pieceCount);
    for (const piece of have.ones()) map[piece] = hasSha1Pieces ? NOTE_SHA1 : NOTE_VERIFIED;
    const content = { data, infoHash: this.#hash, map, torrent: this.#torrent };
    this.#file = await ResumeFile.write(this.#path, content);
  }

  /** Where worker threads note the pieces they write; `undefined` before {@link write}. */
  get place(): NotesPlace | undefined {
    return this.#file?.place;
  }

  /** Saves the torrent with the piece layers known so far. */
  writeTorrent(): void {
    try {
      this.#file?.writeTorrent(this.#torrent);
    } catch {
      // After a restart, peers are asked for them again.
    }
  }

  /** Notes that the data files were closed; see {@link ResumeFile.close}. */
  async close(data: readonly string[], written: readonly string[]): Promise<void> {
    await this.#file?.close(data, written).catch(() => {}); // a restart then checks the data
  }

  /** Notes that another program wrote to the data, so the next run checks all of it. */
  doubt(): void {
    try {
      this.#file?.doubt();
    } catch {
      // The other program may have removed the resume file too.
    }
  }

  /** Removes the resume file once it is no longer needed. */
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

/** Takes the piece layers an earlier run learned. Skips whatever does not parse or verify. */
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
    // A crash may have truncated it; the layers are requested from peers instead.
  }
}
