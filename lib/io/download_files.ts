/**
 * Where a download goes, what of it is there already, and how it gets its final name.
 *
 * While it is incomplete it is called `NAME.part`, with the layout of the finished file, and
 * `NAME.part.resume` beside it notes which pieces are verified. When everything is, it is renamed.
 *
 * @module
 */

import { join } from "@std/path";
import { statfs, type StatsFs } from "node:fs";
import { buildMetainfo, type Metainfo, parseMetainfo } from "../codec/metainfo.ts";
import type { PieceLayer } from "../codec/piece_layer.ts";
import { DiskError, ExitCode, TorrentError } from "../errors.ts";
import { Bitfield } from "../store/bitfield.ts";
import type { Layout } from "../store/layout.ts";
import { checkPieces } from "./check_pieces.ts";
import { diskError } from "./disk_error.ts";
import {
  closeResume,
  NOTE_SHA1,
  readResume,
  RESUME_MAP_OFFSET,
  writeResume,
  writeResumeTorrent,
} from "./resume.ts";

/** The largest piece that is collected in memory before it is verified. */
const MAX_PIECE_LENGTH = 128 * 1024 * 1024;

/** What a download wants to do on disk. */
export interface DownloadPlan {
  readonly metainfo: Metainfo;
  readonly layout: Layout;
  readonly layers: ReadonlyMap<string, PieceLayer>;
  /** Folder or file; default: the current folder. */
  readonly out?: string | undefined;
  /** Whether a file that is something else may be replaced. */
  readonly overwrite: boolean;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
  readonly signal: AbortSignal;
}

/** The files of one download. */
export class DownloadFiles {
  /** What is on disk, verified. */
  readonly have: Bitfield;
  /** The finished file. */
  readonly finalPath: string;
  /** True when the finished file was there already. */
  readonly wasComplete: boolean;
  /** Some pieces of a hybrid were verified by SHA-1 only. */
  readonly hasSha1Pieces: boolean;
  readonly #plan: DownloadPlan;

  private constructor(
    plan: DownloadPlan,
    finalPath: string,
    found: { have: Bitfield; wasComplete: boolean; hasSha1Pieces: boolean },
  ) {
    this.#plan = plan;
    this.finalPath = finalPath;
    this.have = found.have;
    this.wasComplete = found.wasComplete;
    this.hasSha1Pieces = found.hasSha1Pieces;
  }

  /** The unfinished file. */
  get partPath(): string {
    return `${this.finalPath}.part`;
  }

  /** Where the data is now. */
  get dataPath(): string {
    return this.wasComplete ? this.finalPath : this.partPath;
  }

  /** What the piece workers need to know to note what they wrote. */
  get resume(): { path: string; mapOffset: number } {
    return { path: `${this.partPath}.resume`, mapOffset: RESUME_MAP_OFFSET };
  }

  /**
   * Looks at what is there, and prepares for what is missing.
   *
   * @throws {DiskError} when the place is taken by something else, cannot be written, or too small
   * @throws {TorrentError} when the torrent cannot be downloaded by this program
   */
  static async open(plan: DownloadPlan): Promise<DownloadFiles> {
    const { info } = plan.metainfo;
    if (info.multiFile) {
      throw new TorrentError(
        `"${info.name}" is a folder, and only single files can be fetched so far`,
      );
    }
    if (info.pieceLength > MAX_PIECE_LENGTH) {
      throw new TorrentError("the pieces of this torrent are larger than 128 MiB");
    }
    const finalPath = await destinationOf(info.name, plan.out);
    if (await isComplete(plan, finalPath)) {
      const have = new Bitfield(plan.layout.pieceCount);
      have.fill();
      return new DownloadFiles(plan, finalPath, { have, wasComplete: true, hasSha1Pieces: false });
    }
    const found = await resumeOrBegin(plan, finalPath);
    return new DownloadFiles(plan, finalPath, { ...found, wasComplete: false });
  }

  /** Notes the piece layers, so that a restart knows them. */
  async noteTorrent(): Promise<void> {
    const torrent = torrentBytes(this.#plan);
    await writeResumeTorrent(this.resume.path, this.#plan.layout.pieceCount, torrent)
      .catch(() => {}); // a restart asks for them again
  }

  /**
   * Everything is verified: the file gets its name.
   *
   * @throws {DiskError} when that is not possible
   */
  async finish(): Promise<void> {
    try {
      const file = await Deno.open(this.partPath, { read: true, write: true });
      await file.syncData().finally(() => file.close());
      await Deno.rename(this.partPath, this.finalPath);
    } catch (error) {
      throw diskError(error, this.finalPath);
    }
    await Deno.remove(this.resume.path).catch(() => {});
  }

  /** Unfinished: everything is written and may be trusted next time. */
  async leave(): Promise<void> {
    if (this.wasComplete) return;
    await this.noteTorrent();
    await closeResume(this.resume.path, this.partPath).catch(() => {});
  }
}

/** `out` is a folder when it is one or ends like one, else the file itself. */
export async function destinationOf(name: string, out: string | undefined): Promise<string> {
  if (out === undefined || out === "") return name;
  const there = await Deno.stat(out).catch(() => undefined);
  const isFolder = there?.isDirectory || /[/\\]$/.test(out);
  if (!isFolder) {
    await requireFolder(join(out, ".."));
    return out;
  }
  await requireFolder(out);
  return join(out, name);
}

/** Makes a folder that is missing. */
async function requireFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw diskError(error, path);
  }
}

/** Whether the finished file is there and matches. @throws {DiskError} when something else is there */
async function isComplete(plan: DownloadPlan, path: string): Promise<boolean> {
  const there = await Deno.stat(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw diskError(error, path);
  });
  if (there === undefined) return false;
  if (there.isDirectory) {
    throw new DiskError(
      `${path} is a folder: choose another place with -o`,
      ExitCode.fileExists,
    );
  }
  if (there.size === plan.layout.totalLength) {
    const checked = await checkPieces({ ...plan, paths: [path] });
    if (checked.have.isFull) return true;
  }
  if (plan.overwrite) return false;
  throw new DiskError(
    `${path} exists and is something else: move it, choose another place with -o, or replace it with --overwrite`,
    ExitCode.fileExists,
  );
}

/** What an unfinished file holds; begins one when there is none. */
async function resumeOrBegin(
  plan: DownloadPlan,
  finalPath: string,
): Promise<{ have: Bitfield; hasSha1Pieces: boolean }> {
  const { layout, layers, metainfo } = plan;
  const part = `${finalPath}.part`;
  const resumePath = `${part}.resume`;
  const there = await Deno.stat(part).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw diskError(error, part);
  });
  const hash = metainfo.info.v1Hash ?? metainfo.info.v2Hash!;
  const notes = there === undefined ? undefined : await readResume(resumePath, part, hash);
  const fits = there?.isFile === true && there.size === layout.totalLength;
  if (there !== undefined && !fits && !plan.overwrite) {
    throw new DiskError(
      `${part} belongs to another download: move it, or replace it with --overwrite`,
      ExitCode.fileExists,
    );
  }
  let have = new Bitfield(layout.pieceCount);
  let hasSha1Pieces = false;
  if (fits) {
    if (notes !== undefined) takeLayers(layers, notes.torrent);
    const trusted = notes?.trusted === true && notes.map.length === layout.pieceCount;
    if (trusted && !notes.map.includes(NOTE_SHA1)) {
      for (const [piece, note] of notes.map.entries()) if (note !== 0) have.set(piece);
    } else {
      ({ have, bySha1: hasSha1Pieces } = await checkPieces({ ...plan, paths: [part] }));
    }
  } else {
    await begin(part, layout.totalLength);
  }
  const map = new Uint8Array(layout.pieceCount);
  for (const piece of have.ones()) map[piece] = hasSha1Pieces ? NOTE_SHA1 : 1;
  await writeResume(resumePath, hash, map, torrentBytes(plan));
  return { have, hasSha1Pieces };
}

/** Makes the unfinished file, of the final size. */
async function begin(part: string, length: number): Promise<void> {
  await requireSpace(part, length);
  try {
    const file = await Deno.open(part, { write: true, create: true, truncate: true });
    await file.truncate(length).finally(() => file.close());
  } catch (error) {
    throw diskError(error, part);
  }
}

/** @throws {DiskError} exit 9, when the disk has not so much left; says nothing where it cannot tell */
async function requireSpace(part: string, length: number): Promise<void> {
  const stats = await new Promise<StatsFs | undefined>((resolve) => {
    statfs(join(part, ".."), (error, found) => resolve(error ? undefined : found));
  });
  if (stats === undefined) return;
  const free = stats.bavail * stats.bsize;
  if (free >= length) return;
  throw new DiskError(
    `no space left for ${part}: it needs ${inMiB(length)}, and ${inMiB(free)} are free`,
    ExitCode.diskFull,
  );
}

function inMiB(bytes: number): string {
  return `${Math.ceil(bytes / 1024 / 1024)} MiB`;
}

/** The torrent as far as it is known now. */
function torrentBytes({ metainfo, layers }: DownloadPlan): Uint8Array {
  const pieceLayers = new Map<string, Uint8Array>();
  for (const [root, layer] of layers) {
    if (layer.bytes !== undefined && layer.pieceCount > 1) pieceLayers.set(root, layer.bytes);
  }
  return buildMetainfo({ infoBytes: metainfo.info.bytes, pieceLayers });
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
