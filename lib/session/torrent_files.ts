/**
 * The files of a running torrent, one by one: what they are called, how much is here, and their bytes.
 *
 * @module
 */

import type { TorrentFile } from "../codec/torrent/file_list.ts";
import type { TorrentInfo } from "../codec/torrent/metainfo.ts";
import { interrupted, OptionError, type ShoalError } from "../errors.ts";
import type { TransferView } from "../peer/transfer_view.ts";
import type { Selection } from "../store/selection.ts";
import type { ActiveTorrent } from "./active_torrent.ts";
import { type ByteRange, type FilePlace, FileStream } from "./file_stream.ts";

/** One file of a running torrent. */
export interface TransferFile {
  /** Its name, without folders; `undefined` before the transfer has begun. */
  readonly name: string | undefined;
  /** Bytes; `undefined` before the transfer has begun. */
  readonly length: number | undefined;
  /** How much of it is verified and on disk, from 0 to 1. */
  readonly progress: number;
  /**
   * Its bytes in order, each verified before it comes. They are fetched before the rest of the torrent: a few
   * pieces ahead of the reader, as it goes on. The stream waits for the metadata and for peers; it holds a
   * few hundred KiB, and nothing is urgent any more once it is cancelled or read to its end. It goes on when
   * the download is complete, and ends with the error of a download that fails or is closed, or with an
   * {@link OptionError}: `no-such-index`, or `not-selected` for a file that is not downloaded.
   *
   * @param range the bytes to read; default all
   * @throws {OptionError} when the range is none
   */
  stream(range?: ByteRange): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** What is known once the transfer has begun. */
interface Content {
  readonly info: TorrentInfo;
  /** The files to download; absent: all. */
  readonly selection?: Selection;
}

/** Gives access to the files of a torrent, from before its metadata is known until it is closed. */
export class TorrentFiles {
  readonly #torrent: Pick<ActiveTorrent, "session" | "on">;
  readonly #opened = Promise.withResolvers<Content>();
  readonly #streams = new Set<FileStream>();
  /** Settled when the next piece has been stored. */
  #piece: PromiseWithResolvers<void> | undefined;
  #content: Content | undefined;
  /** The numbers of the files among all of the torrent, pads included; made when they are needed. */
  #numbers: readonly number[] | undefined;
  #end: { readonly reason: unknown } | undefined;
  #ignore: (() => void) | undefined;

  /** For a torrent whose transfer need not have begun. */
  constructor(torrent: Pick<ActiveTorrent, "session" | "on">) {
    this.#torrent = torrent;
    this.#opened.promise.catch(() => {}); // streams that wait still get the error
  }

  /** The transfer has begun. */
  open(content: Content): void {
    this.#content = content;
    this.#opened.resolve(content);
  }

  /** The torrent has ended; only the first reason counts. */
  end(reason: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    this.#ignore?.();
    this.#opened.reject(reason);
    for (const stream of this.#streams) stream.fail(reason);
    this.#piece?.resolve();
  }

  /**
   * The file with this index into `Torrent.files`.
   *
   * @throws {OptionError} when there is no such file, as far as that is known
   */
  file(index: number): TransferFile {
    if (!Number.isInteger(index) || index < 0) throw noSuchFile(index);
    if (this.#content !== undefined) this.#numberOf(this.#content, index);
    return new OneFile(index, this);
  }

  /** The entry of a file, and how much of it is here; `undefined` before the transfer has begun. */
  standing(index: number): { file: TorrentFile; haveBytes: number } | undefined {
    const { transfer } = this.#torrent.session.swarm;
    if (this.#content === undefined || transfer === undefined) return undefined;
    const number = this.#numberOf(this.#content, index);
    const haveBytes = transfer.layout.bytesIn(number, transfer.pieces.have);
    return { file: this.#content.info.files[number]!, haveBytes };
  }

  /** See {@link TransferFile.stream}. */
  stream(index: number, range: ByteRange): ReadableStream<Uint8Array<ArrayBuffer>> {
    checkRange(range);
    const stream = new FileStream({
      place: async () => {
        const content = await this.#opened.promise;
        return placeOf(content, this.#transfer, this.#numberOf(content, index));
      },
      read: (piece, begin, out) => this.#torrent.session.store.readExactly(piece, begin, out),
      nextPiece: () => this.#nextPiece(),
    }, range);
    if (this.#end !== undefined) stream.fail(this.#end.reason);
    else {
      this.#streams.add(stream);
      stream.onOver = () => this.#streams.delete(stream);
    }
    return stream.readable;
  }

  /** @throws {OptionError} when there is no such file */
  #numberOf({ info: { files, name } }: Content, index: number): number {
    this.#numbers ??= files.keys().filter((file) => !files[file]!.pad).toArray();
    const number = this.#numbers[index];
    if (number !== undefined) return number;
    throw noSuchFile(index, `: "${name}" has ${this.#numbers.length}`);
  }

  get #transfer(): TransferView {
    return this.#torrent.session.swarm.transfer!;
  }

  #nextPiece(): Promise<void> {
    this.#piece ??= Promise.withResolvers();
    this.#ignore ??= this.#torrent.on(({ type }) => {
      if (type !== "piece") return;
      this.#ignore?.();
      this.#piece?.resolve();
      this.#ignore = this.#piece = undefined;
    });
    return this.#piece.promise;
  }
}

/** Why streams end when their torrent is closed. */
export function closedEarly(): ShoalError {
  return interrupted("closed before the file was read to its end");
}

class OneFile implements TransferFile {
  readonly #index: number;
  readonly #files: TorrentFiles;

  constructor(index: number, files: TorrentFiles) {
    this.#index = index;
    this.#files = files;
  }

  get name(): string | undefined {
    return this.#files.standing(this.#index)?.file.path.at(-1);
  }

  get length(): number | undefined {
    return this.#files.standing(this.#index)?.file.length;
  }

  get progress(): number {
    const standing = this.#files.standing(this.#index);
    if (standing === undefined) return 0;
    const { file: { length }, haveBytes } = standing;
    return length === 0 ? 1 : haveBytes / length;
  }

  stream(range: ByteRange = {}): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#files.stream(this.#index, range);
  }
}

function noSuchFile(index: number, why = ""): OptionError {
  return new OptionError(`there is no file ${index}${why}`, { code: "no-such-index" });
}

/** @throws {OptionError} when the file is not downloaded */
function placeOf({ info, selection }: Content, transfer: TransferView, number: number): FilePlace {
  const { length, path } = info.files[number]!;
  if (selection?.has(number) === false) {
    throw new OptionError(`"${path.join("/")}" is not among the files to download`, {
      code: "not-selected",
    });
  }
  const { first, count } = transfer.layout.piecesOf(number);
  const piece = transfer.layout.pieceIndex(first);
  if (count === 0 || piece === undefined) return { transfer, address: 0, length: 0 };
  const { pieceLength } = transfer.layout;
  const spans = transfer.layout.spans(piece, 0, pieceLength);
  const { at } = spans.find(({ file }) => file === number)!;
  return { transfer, address: first * pieceLength + at, length };
}

function checkRange({ start = 0, end = start }: ByteRange): void {
  const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0;
  if (isRange && end >= start) return;
  throw new OptionError(`from byte ${start} to byte ${end} is no part of a file`);
}
