/**
 * A thread that hashes and writes pieces from memory, and hashes files on disk, for any number of torrents.
 *
 * One thread takes a piece through all steps in order: verify, write, note in the resume file. So every
 * noted piece has been written.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { openSync, readSync, writeSync } from "node:fs";
import { setImmediate } from "node:timers";
import { equalBytes, hex } from "../codec/bytes.ts";
import { sha1 } from "../codec/hash.ts";
import { BLOCK_LENGTH, blockHashes, paddedBlocks, pieceHash } from "../codec/torrent/merkle.ts";
import { GcPacer } from "../runtime/gc.ts";
import { rethrowBug } from "../runtime/operational_errors.ts";
import { Layout, type PieceIndex } from "../store/layout.ts";
import { type FileId, openOwn } from "./exclusive_file.ts";
import { FileHasher } from "./file_hasher.ts";
import type { Written } from "./foreign_writes.ts";
import { SyncFileCache, ThreadFiles } from "./open_files.ts";
import { encodeNote, RESUME_MAP_OFFSET } from "./resume_format.ts";
import type {
  Job,
  JobAnswer,
  JobOrder,
  NumberedAnswer,
  Order,
  StoreResult,
  WorkerSetup,
} from "./worker_jobs.ts";
import { WriteStamps } from "./write_stamps.ts";

/**
 * After this many hashes there are 5 MB to free. That takes 10 ms; hashing that much took 300 ms or more.
 */
const HASHES_PER_COLLECTION = 24_000;

/** Of a whole file that is hashed, this much at a time: other jobs need not wait long. */
const DIGEST_BYTES = 1024 * 1024;

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<Order[]>) => void) | null;
  postMessage(message: NumberedAnswer[], transfer: Transferable[]): void;
};

const torrents = new Map<number, TorrentWork>();
const files = new ThreadFiles();
const garbage = new GcPacer(HASHES_PER_COLLECTION);
let chunk = new Uint8Array(0);

scope.onmessage = ({ data }) => {
  const answers = data.map(carryOut).filter((answer) => answer !== undefined);
  if (answers.length > 0) scope.postMessage(answers, answers.flatMap(bufferOf));
};

/** Carries out an order; `undefined` when it needs no answer, or will be answered later. */
function carryOut(order: Order): NumberedAnswer | undefined {
  switch (order.type) {
    case "open":
      torrents.set(order.torrent, new TorrentWork(order.setup));
      return undefined;
    case "job":
      return torrents.get(order.torrent)!.answer(order);
    case "drop":
      torrents.get(order.torrent)!.close();
      torrents.delete(order.torrent);
      return { id: order.id, answer: {} };
  }
}

function bufferOf({ answer }: NumberedAnswer): ArrayBuffer[] {
  return answer !== undefined && "buffer" in answer ? [answer.buffer] : [];
}

/** A whole file that is being hashed. */
interface RunningDigest {
  readonly file: number;
  readonly hash: Hash;
  offset: number;
}

/** One torrent in this thread. */
class TorrentWork {
  readonly #setup: WorkerSetup;
  readonly #layout: Layout;
  readonly #files = new SyncFileCache((path, mode) => this.#openFile(path, mode), files);
  readonly #marks = new WriteStamps();
  /** The identity each output path must have. */
  readonly #ids = new Map<string, FileId>();
  readonly #hasher: FileHasher;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
    this.#layout = new Layout(setup.layout);
    const { writing } = setup;
    if (writing !== undefined) {
      for (const [file, id] of writing.ids.entries()) this.#ids.set(setup.paths[file]!, id);
      this.#ids.set(writing.notes.path, writing.notes.id);
    }
    this.#hasher = new FileHasher(setup, this.#layout, this.#files, garbage);
  }

  /** The answer to a job; `undefined` for a long one, which is answered when it is done. */
  answer({ id, job }: JobOrder): NumberedAnswer | undefined {
    if (job.type !== "digest") return this.#attempt(id, () => this.#run(job));
    this.#digest(id, { file: job.file, hash: createHash("sha256"), offset: 0 });
    return undefined;
  }

  /** Closes the files. */
  close(): void {
    this.#files.close();
  }

  #attempt(id: number, work: () => JobAnswer): NumberedAnswer {
    try {
      return { id, answer: work() };
    } catch (error) {
      rethrowBug(error); // a bug ends the thread, and with it the program
      const { message, code } = error as Error & { code?: string };
      const path = this.#files.lastPath;
      return { id, error: { message, path, ...(code !== undefined && { code }) } };
    }
  }

  #run(job: Exclude<Job, { type: "digest" }>): JobAnswer {
    switch (job.type) {
      case "store":
        return this.#store(job);
      case "hash":
        return this.#hasher.hash(job.first as PieceIndex, job.count, job.wanted);
    }
  }

  #store(job: Job & { type: "store" }): StoreResult {
    const { piece, buffer, expected, note } = job;
    const dataLength = this.#layout.dataLength(piece);
    const whole = new Uint8Array(buffer, 0, this.#layout.pieceSize(piece));
    if (expected.kind === "sha1") whole.fill(0, dataLength); // the pad of a hybrid
    const data = whole.subarray(0, dataLength);
    const actual = expected.kind === "sha256" ? this.#root(piece, data) : sha1(whole);
    const matches = equalBytes(actual, expected.hash);
    const digests = job.digests || !matches ? { digests: this.#digests(data) } : {};
    const written: Written[] = [];
    if (!matches) return { matches, buffer, ...digests, written };
    for (const { file, offset, length, at } of this.#layout.spans(piece, 0, dataLength)) {
      const path = this.#setup.paths[file]!;
      if (path === "") continue;
      this.#files.lastPath = path; // the stats before and after concern it too
      const write = () => this.#write(path, data.subarray(at, at + length), offset);
      written.push({ file, ...this.#marks.around(path, this.#ids.get(path)!, write) });
    }
    this.#note(piece, note);
    return { matches, buffer, ...digests, written };
  }

  #note(piece: PieceIndex, note: number): void {
    const { path, salt } = this.#setup.writing!.notes;
    this.#write(path, Uint8Array.of(encodeNote(salt, piece, note)), RESUME_MAP_OFFSET + piece);
  }

  #openFile(path: string, mode: "r" | "r+"): number {
    return mode === "r" ? openSync(path, mode) : openOwn(path, this.#ids.get(path)!);
  }

  /** Hashes a whole file part by part, does other jobs in between, and answers in the end. */
  #digest(id: number, digest: RunningDigest): void {
    if (chunk.length === 0) chunk = new Uint8Array(DIGEST_BYTES);
    let read = 0;
    const answer = this.#attempt(id, () => {
      const fd = this.#files.get(this.#setup.paths[digest.file]!, "r");
      read = readSync(fd, chunk, 0, chunk.length, digest.offset);
      digest.hash.update(chunk.subarray(0, read));
      return read === 0 ? { sha256: hex(digest.hash.digest()) } : {};
    });
    if (read === 0) return scope.postMessage([answer], []);
    digest.offset += read;
    setImmediate(() => this.#digest(id, digest));
  }

  /** The SHA-256 of each block. */
  #digests(data: Uint8Array): Uint8Array {
    garbage.add(Math.ceil(data.length / BLOCK_LENGTH));
    return blockHashes(data);
  }

  /** The v2 hash of a piece with this data. */
  #root(piece: PieceIndex, data: Uint8Array): Uint8Array {
    const { file } = this.#layout.fileOf(piece);
    const blocks = paddedBlocks(this.#setup.layout.files[file]!.length, this.#layout.pieceLength);
    garbage.add(Math.ceil(data.length / BLOCK_LENGTH));
    return pieceHash(data, blocks);
  }

  #write(path: string, bytes: Uint8Array, position: number): void {
    const fd = this.#files.get(path, "r+");
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, bytes.length - done, position + done);
    }
  }
}
