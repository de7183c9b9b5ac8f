/**
 * A thread that hashes and writes: pieces from memory to disk, and files as they are.
 *
 * One thread does both for a piece, so the order is plain: verified, then written, then noted in the
 * resume file. Whatever the note says is on disk.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { equalBytes, hex } from "../codec/bytes.ts";
import { sha1 } from "../codec/hash.ts";
import { BLOCK_LENGTH, HASH_LENGTH, paddedBlocks, pieceHash } from "../codec/merkle.ts";
import { Layout, type PieceIndex } from "../store/layout.ts";
import { NativeGarbage } from "./native_garbage.ts";
import type { HashResult, Job, JobAnswer, WorkerSetup } from "./piece_jobs.ts";

const scope = self as unknown as {
  onmessage: ((event: MessageEvent<WorkerSetup | { id: number; job: Job }>) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
};

scope.onmessage = (event) => {
  const setup = event.data as WorkerSetup;
  const worker = new PieceWorker(setup);
  scope.onmessage = ({ data }) => {
    const { id, job } = data as { id: number; job: Job };
    try {
      const answer = worker.run(job);
      scope.postMessage({ id, answer }, "buffer" in answer ? [answer.buffer] : []);
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      scope.postMessage({ id, error: { message, code } });
    }
  };
};

class PieceWorker {
  readonly #setup: WorkerSetup;
  readonly #layout: Layout;
  readonly #files = new Map<string, number>();
  readonly #garbage = new NativeGarbage();
  #scratch = new Uint8Array(0);

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
    this.#layout = new Layout(setup.layout);
  }

  run(job: Job): JobAnswer {
    switch (job.type) {
      case "store":
        return { matches: this.#store(job), buffer: job.buffer };
      case "hash":
        return this.#hash(job);
      case "digest":
        return { sha256: this.#digest(job.file) };
      case "close":
        for (const fd of this.#files.values()) closeSync(fd);
        this.#files.clear();
        return {};
    }
  }

  #store({ piece, buffer, expected, note }: Job & { type: "store" }): boolean {
    const dataLength = this.#layout.dataLength(piece);
    const whole = new Uint8Array(buffer, 0, this.#layout.pieceSize(piece));
    whole.fill(0, dataLength); // the pad of a hybrid
    const data = whole.subarray(0, dataLength);
    const actual = expected.kind === "sha256" ? this.#root(piece, data) : sha1(whole);
    if (!equalBytes(actual, expected.hash)) return false;
    for (const { file, offset, length, at } of this.#layout.spans(piece, 0, dataLength)) {
      this.#write(this.#setup.paths[file]!, data.subarray(at, at + length), offset);
    }
    const { resume } = this.#setup;
    if (resume) this.#write(resume.path, Uint8Array.of(note), resume.mapOffset + piece);
    return true;
  }

  #hash({ first, count, wanted }: Job & { type: "hash" }): HashResult {
    const roots = new Uint8Array(wanted.sha256 ? count * HASH_LENGTH : 0);
    const sha1s = new Uint8Array(wanted.sha1 ? count * 20 : 0);
    const readable = new Uint8Array(count);
    if (this.#scratch.length === 0) this.#scratch = new Uint8Array(this.#layout.pieceLength);
    for (let i = 0; i < count; i++) {
      const piece = first + i as PieceIndex;
      if (!this.#readPiece(piece)) continue;
      readable[i] = 1;
      const dataLength = this.#layout.dataLength(piece);
      if (wanted.sha256) {
        roots.set(this.#root(piece, this.#scratch.subarray(0, dataLength)), i * HASH_LENGTH);
      }
      if (!wanted.sha1) continue;
      const size = this.#layout.pieceSize(piece);
      this.#scratch.fill(0, dataLength, size);
      sha1s.set(sha1(this.#scratch.subarray(0, size)), i * 20);
    }
    return { roots, sha1s, readable };
  }

  /** Reads a piece into the scratch; false when the files are too short or not there. */
  #readPiece(piece: PieceIndex): boolean {
    const spans = this.#layout.spans(piece, 0, this.#layout.dataLength(piece));
    if (this.#layout.version === "v1") this.#scratch.fill(0); // pads in the middle of a piece
    for (const { file, offset, length, at } of spans) {
      let fd: number;
      try {
        fd = this.#open(this.#setup.paths[file]!, "r");
      } catch (error) {
        if ((error as { code?: string }).code === "ENOENT") return false;
        throw error;
      }
      for (let done = 0; done < length;) {
        const read = readSync(fd, this.#scratch, at + done, length - done, offset + done);
        if (read === 0) return false;
        done += read;
      }
    }
    return true;
  }

  #digest(file: number): string {
    const fd = this.#open(this.#setup.paths[file]!, "r");
    const hash = createHash("sha256");
    const chunk = new Uint8Array(1024 * 1024);
    for (let offset = 0;;) {
      const read = readSync(fd, chunk, 0, chunk.length, offset);
      if (read === 0) return hex(hash.digest());
      hash.update(chunk.subarray(0, read));
      offset += read;
    }
  }

  /** The v2 hash of a piece with these bytes. */
  #root(piece: PieceIndex, data: Uint8Array): Uint8Array {
    const { file } = this.#layout.fileOf(piece);
    const blocks = paddedBlocks(this.#setup.layout.files[file]!.length, this.#layout.pieceLength);
    this.#garbage.add(2 * Math.ceil(data.length / BLOCK_LENGTH));
    return pieceHash(data, blocks);
  }

  #write(path: string, bytes: Uint8Array, position: number): void {
    const fd = this.#open(path, "r+");
    for (let done = 0; done < bytes.length;) {
      done += writeSync(fd, bytes, done, bytes.length - done, position + done);
    }
  }

  #open(path: string, mode: "r" | "r+"): number {
    const key = mode + path;
    const open = this.#files.get(key);
    if (open !== undefined) return open;
    const fd = openSync(path, mode);
    this.#files.set(key, fd);
    return fd;
  }
}
