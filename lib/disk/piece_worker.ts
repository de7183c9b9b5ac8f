/**
 * A thread that hashes and writes pieces from memory, and hashes files on disk.
 *
 * One thread takes a piece through all steps in order: verify, write, note in the resume file. So every
 * noted piece has been written.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { openSync, readSync, writeSync } from "node:fs";
import { equalBytes, hex } from "../codec/bytes.ts";
import { sha1 } from "../codec/hash.ts";
import { BLOCK_LENGTH, blockHashes, paddedBlocks, pieceHash } from "../codec/torrent/merkle.ts";
import { GcPacer } from "../runtime/gc.ts";
import { rethrowBug } from "../runtime/operational_errors.ts";
import { Layout, type PieceIndex } from "../store/layout.ts";
import { type FileId, openOwn } from "./exclusive_file.ts";
import { FileHasher } from "./file_hasher.ts";
import type { Written } from "./foreign_writes.ts";
import { SyncFileCache } from "./open_files.ts";
import { encodeNote, RESUME_MAP_OFFSET } from "./resume_format.ts";
import type {
  Job,
  JobAnswer,
  NumberedAnswer,
  NumberedJob,
  StoreResult,
  WorkerSetup,
} from "./worker_jobs.ts";
import { WriteStamps } from "./write_stamps.ts";

/**
 * After this many hashes there are 5 MB to free. That takes 10 ms; hashing that much took 300 ms or more.
 */
const HASHES_PER_COLLECTION = 24_000;

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<WorkerSetup | NumberedJob[]>) => void) | null;
  postMessage(message: NumberedAnswer[], transfer: Transferable[]): void;
};

scope.onmessage = (event) => {
  const worker = new PieceWorker(event.data as WorkerSetup);
  scope.onmessage = ({ data }) => {
    const answers = (data as NumberedJob[]).map((job) => worker.answer(job));
    const buffers = answers.flatMap(({ answer }) =>
      answer !== undefined && "buffer" in answer ? [answer.buffer] : []
    );
    scope.postMessage(answers, buffers);
  };
};

class PieceWorker {
  readonly #setup: WorkerSetup;
  readonly #layout: Layout;
  readonly #files = new SyncFileCache((path, mode) => this.#openFile(path, mode));
  readonly #marks = new WriteStamps();
  /** The identity each output path must have. */
  readonly #ids = new Map<string, FileId>();
  readonly #garbage = new GcPacer(HASHES_PER_COLLECTION);
  readonly #hasher: FileHasher;

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
    this.#layout = new Layout(setup.layout);
    const { writing } = setup;
    if (writing !== undefined) {
      for (const [file, id] of writing.ids.entries()) this.#ids.set(setup.paths[file]!, id);
      this.#ids.set(writing.notes.path, writing.notes.id);
    }
    this.#hasher = new FileHasher(setup, this.#layout, this.#files, this.#garbage);
  }

  answer({ id, job }: NumberedJob): NumberedAnswer {
    try {
      return { id, answer: this.#run(job) };
    } catch (error) {
      rethrowBug(error); // a bug ends the thread, and with it the program
      const { message, code } = error as Error & { code?: string };
      return {
        id,
        error: { message, path: this.#files.lastPath, ...(code !== undefined && { code }) },
      };
    }
  }

  #run(job: Job): JobAnswer {
    switch (job.type) {
      case "store":
        return this.#store(job);
      case "hash":
        return this.#hasher.hash(job.first as PieceIndex, job.count, job.wanted);
      case "digest":
        return { sha256: this.#digest(job.file) };
      case "close":
        this.#files.close();
        return {};
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

  #digest(file: number): string {
    const fd = this.#files.get(this.#setup.paths[file]!, "r");
    const hash = createHash("sha256");
    const chunk = new Uint8Array(1024 * 1024);
    for (let offset = 0;;) {
      const read = readSync(fd, chunk, 0, chunk.length, offset);
      if (read === 0) return hex(hash.digest());
      hash.update(chunk.subarray(0, read));
      offset += read;
    }
  }

  /** The SHA-256 of each block. */
  #digests(data: Uint8Array): Uint8Array {
    this.#garbage.add(Math.ceil(data.length / BLOCK_LENGTH));
    return blockHashes(data);
  }

  /** The v2 hash of a piece with this data. */
  #root(piece: PieceIndex, data: Uint8Array): Uint8Array {
    const { file } = this.#layout.fileOf(piece);
    const blocks = paddedBlocks(this.#setup.layout.files[file]!.length, this.#layout.pieceLength);
    this.#garbage.add(Math.ceil(data.length / BLOCK_LENGTH));
    return pieceHash(data, blocks);
  }

  #write(path: string, bytes: Uint8Array, position: number): void {
    const fd = this.#files.get(path, "r+");
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, bytes.length - done, position + done);
    }
  }
}
