/**
 * The data of a running transfer: read from disk for peers, verified and stored when it arrives from peers.
 *
 * @module
 */

import { BLOCK_LENGTH, blockHashes, HASH_LENGTH } from "../codec/torrent/merkle.ts";
import type { DiskResources } from "../disk/disk_resources.ts";
import type { FileReader } from "../disk/file_reader.ts";
import type { PieceBuffers } from "../disk/piece_buffers.ts";
import { ReadAhead } from "../disk/read_ahead.ts";
import { NOTE_MISSING, NOTE_SHA1, NOTE_VERIFIED } from "../disk/resume_format.ts";
import type { TorrentWorkers } from "../disk/torrent_workers.ts";
import { DiskError } from "../errors.ts";
import type { PieceNote, VerifyAction } from "../peer/connection/actions.ts";
import type { BlockRequest } from "../peer/connection/upload_state.ts";
import type { Swarm } from "../peer/swarm.ts";
import { GcPacer } from "../runtime/gc.ts";
import type { Layout, PieceIndex } from "../store/layout.ts";

/** After 256 MiB the engine holds 20 MB more than it needs; freeing them takes 10 ms of about 600. */
const BLOCKS_PER_COLLECTION = 16_384;

/** The largest share of time spent on that, also in an embedding program with a large heap. */
const COLLECTION_TIME_SHARE = 1 / 50;

/** How a stored piece is noted in the resume data. */
const NOTES: Readonly<Record<PieceNote, number>> = {
  verified: NOTE_VERIFIED,
  sha1: NOTE_SHA1,
  fragment: NOTE_MISSING,
};

/** The disk side of a transfer, needed once the metadata is known. */
export interface TransferDisk {
  /** What all torrents share. */
  readonly shared: DiskResources;
  readonly reader: FileReader;
  /** Absent when nothing is downloaded. */
  readonly storing?: { readonly workers: TorrentWorkers; readonly memory: PieceBuffers };
}

/** What a store needs from its session. */
interface PieceStoreHost {
  /** The state machine that is told the results. */
  readonly swarm: Swarm;
  /** Carries out the swarm's pending actions. */
  settle(): void;
  /** Storing failed, so the download cannot continue. */
  readonly onDiskError: (error: DiskError) => void;
}

/** The disk of one transfer. */
export class PieceStore {
  readonly #layout: Layout;
  readonly #host: PieceStoreHost;
  readonly #ahead: ReadAhead;
  readonly #garbage = new GcPacer(BLOCKS_PER_COLLECTION, COLLECTION_TIME_SHARE);
  #disk: TransferDisk;
  #moving: Promise<void> | undefined;

  /** For a transfer that has begun; `layout` maps pieces to files. */
  constructor(layout: Layout, disk: TransferDisk, host: PieceStoreHost) {
    this.#layout = layout;
    this.#disk = disk;
    this.#host = host;
    this.#ahead = new ReadAhead(
      layout,
      (piece, begin, length, out) => this.#disk.reader.read(piece, begin, length, out),
      disk.shared.readAhead,
    );
  }

  /** Reads file data for a peer; false when the file has changed. */
  async readBlocks({ piece, begin, length }: BlockRequest, out: Uint8Array): Promise<boolean> {
    if (this.#moving !== undefined) await this.#moving;
    this.#garbage.add(length / BLOCK_LENGTH);
    const good = await this.#ahead.read(piece, begin, length, out, performance.now());
    if (!good) this.#lost(piece);
    return good;
  }

  /**
   * Fills `out` with the bytes of a stored piece from `begin` on, for the user; false when the file has
   * changed. Nothing is read beyond them, for that may belong to a file that was not chosen.
   */
  async readExactly(piece: PieceIndex, begin: number, out: Uint8Array): Promise<boolean> {
    if (this.#moving !== undefined) await this.#moving;
    const good = await this.#disk.reader.read(piece, begin, out.length, out);
    if (!good) this.#lost(piece);
    return good;
  }

  #lost(piece: PieceIndex): void {
    this.#host.swarm.pieceLost(piece);
    this.#host.settle();
  }

  /** The path of the piece: see {@link FileReader.pathOf}. */
  pathOf(piece: PieceIndex): string {
    return this.#disk.reader.pathOf(piece);
  }

  /** Verifies a complete piece and stores it, off the main thread. */
  async verify({ active, expected, note, wantsDigests }: VerifyAction): Promise<void> {
    const { piece, slot } = active;
    this.#garbage.add(this.#layout.pieceLength / BLOCK_LENGTH);
    const { workers, memory } = this.#disk.storing!;
    const asked = { expected, note: NOTES[note], digests: wantsDigests };
    const job = { piece, buffer: memory.take(slot), ...asked };
    let stored;
    try {
      stored = await workers.store(job);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#host.swarm.storeFailed(piece);
      this.#host.onDiskError(error);
      return this.#host.settle();
    }
    memory.giveBack(slot, stored.buffer);
    this.#host.swarm.verified(piece, stored.matches, expected.kind === "sha1", stored.digests);
    this.#host.settle();
  }

  /** Hashes the blocks of a piece on disk, because a peer requested their hashes. */
  async hashBlocks(piece: PieceIndex): Promise<void> {
    const read = (begin: number, out: Uint8Array) =>
      this.readBlocks({ piece, begin, length: out.length }, out);
    const leaves = await leafHashes(read, this.#layout, piece);
    this.#host.swarm.hashed(piece, leaves, performance.now());
    this.#host.settle();
  }

  /**
   * Moves files while no read is pending; new reads wait meanwhile. From then on uses the reader that
   * `move` returns.
   */
  async moveFiles(move: () => Promise<FileReader>): Promise<void> {
    const moved = Promise.withResolvers<void>();
    this.#moving = moved.promise;
    try {
      await this.#disk.reader.close();
      this.#disk = { ...this.#disk, reader: await move() };
    } finally {
      this.#moving = undefined;
      moved.resolve();
    }
  }

  /** Lets the hashing threads close the files, because nothing is downloaded any more. */
  async stopStoring(): Promise<void> {
    const { storing, ...rest } = this.#disk;
    this.#disk = rest;
    await storing?.workers.close();
    storing?.memory.close();
  }

  /** Stops storing and reading. */
  async close(): Promise<void> {
    await this.stopStoring();
    this.#ahead.close();
    await this.#disk.reader.close();
  }
}

/** Bytes read and hashed at once: about a millisecond of hashing. */
const CHUNK_BYTES = 64 * BLOCK_LENGTH;

/**
 * The SHA-256 of each block of a piece, packed.
 *
 * @param read Fills `out` with the piece's data from `begin` on; false when the data has changed.
 * @returns `undefined` when a part of the piece could not be read.
 */
async function leafHashes(
  read: (begin: number, out: Uint8Array) => Promise<boolean>,
  layout: Layout,
  piece: PieceIndex,
): Promise<Uint8Array | undefined> {
  const dataLength = layout.dataLength(piece);
  const leaves = new Uint8Array(layout.blockCount(piece) * HASH_LENGTH);
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, dataLength));
  for (let begin = 0; begin < dataLength; begin += CHUNK_BYTES) {
    const data = chunk.subarray(0, Math.min(CHUNK_BYTES, dataLength - begin));
    if (!await read(begin, data)) return undefined;
    leaves.set(blockHashes(data), begin / BLOCK_LENGTH * HASH_LENGTH);
  }
  return leaves;
}
