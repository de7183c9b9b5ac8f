/**
 * Combines block requests into long ranges to fetch at once, and splits the response into blocks again.
 *
 * @module
 */

import type { BlockRequest } from "../../peer/connection/upload_state.ts";
import { BLOCK_LENGTH, type FileSpan, type Layout } from "../../store/layout.ts";

/** Consecutive blocks that form one range of the torrent. */
export interface Batch {
  readonly blocks: readonly BlockRequest[];
  /** Total length of the blocks in bytes. */
  readonly length: number;
  /** The parts that lie in files, ascending and disjoint; the rest is zeros. */
  readonly spans: readonly FileSpan[];
}

/** The requests that have not been sent yet. */
export class RangeQueue {
  readonly #layout: Layout;
  readonly #waiting = new Map<number, BlockRequest>(); // by address
  #bytes = 0;

  /** @param layout The torrent's layout. */
  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Number of bytes requested. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a requested block. */
  add(request: BlockRequest): void {
    const address = this.addressOf(request);
    if (this.#waiting.has(address)) return;
    this.#waiting.set(address, request);
    this.#bytes += request.length;
  }

  /** Removes a block that is no longer wanted; returns false if it is not queued. */
  cancel(request: BlockRequest): boolean {
    return this.#remove(this.addressOf(request)) !== undefined;
  }

  /** Removes and returns the requests for which `isUseless` is true. */
  drop(isUseless: (request: BlockRequest) => boolean): BlockRequest[] {
    const dropped = [...this.#waiting.values()].filter(isUseless);
    for (const request of dropped) this.cancel(request);
    return dropped;
  }

  /** The offset of a block in the torrent. */
  addressOf({ piece, begin }: BlockRequest): number {
    return piece * this.#layout.pieceLength + begin;
  }

  /** Takes the longest-waiting block and those that directly follow it, up to `maxBytes` in total. */
  take(maxBytes: number): Batch | undefined {
    const blocks: BlockRequest[] = [];
    const spans: FileSpan[] = [];
    let length = 0;
    const [first] = this.#waiting.keys();
    for (let address = first; address !== undefined;) {
      const next = this.#waiting.get(address);
      if (next === undefined || (length > 0 && length + next.length > maxBytes)) break;
      this.#remove(address);
      blocks.push(next);
      for (const span of this.#layout.spans(next.piece, next.begin, next.length)) {
        addSpan(spans, { ...span, at: span.at + length });
      }
      length += next.length;
      address += next.length;
    }
    return length === 0 ? undefined : { blocks, length, spans };
  }

  #remove(address: number): BlockRequest | undefined {
    const request = this.#waiting.get(address);
    if (request !== undefined) this.#bytes -= request.length;
    this.#waiting.delete(address);
    return request;
  }
}

/** Splits the bytes of a batch into its blocks as they arrive. */
export class BlockSplitter {
  readonly #blocks: readonly BlockRequest[];
  readonly #deliver: (request: BlockRequest, block: Uint8Array) => void;
  #next = 0; // index of the block that the next byte belongs to
  #filled = 0; // bytes of that block received so far
  #partial = new Uint8Array(BLOCK_LENGTH);

  /** @param deliver Receives each complete block; its bytes stay valid until it returns. */
  constructor(
    blocks: readonly BlockRequest[],
    deliver: (request: BlockRequest, block: Uint8Array) => void,
  ) {
    this.#blocks = blocks;
    this.#deliver = deliver;
  }

  /** Adds the next bytes of the batch. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const request = this.#blocks[this.#next];
      if (request === undefined) throw new RangeError("more bytes than the blocks have");
      const part = bytes.subarray(at, at + request.length - this.#filled);
      at += part.length;
      const isWhole = this.#filled + part.length === request.length;
      if (isWhole && this.#filled === 0) this.#deliver(request, part);
      else this.#collect(request, part, isWhole);
      if (isWhole) {
        this.#filled = 0;
        this.#next++;
      }
    }
  }

  #collect(request: BlockRequest, part: Uint8Array, isWhole: boolean): void {
    this.#partial.set(part, this.#filled);
    this.#filled += part.length;
    if (isWhole) this.#deliver(request, this.#partial.subarray(0, request.length));
  }
}

function addSpan(spans: FileSpan[], span: FileSpan): void {
  const last = spans.at(-1);
  const follows = last !== undefined && last.file === span.file &&
    last.offset + last.length === span.offset && last.at + last.length === span.at;
  if (follows) last.length += span.length;
  else spans.push(span);
}
