/**
 * Notices when somebody else writes to the files of a download.
 *
 * Each write of ours tells what the file was like just before and just after. What a write finds has to
 * be what another one left, or what the file was like in the beginning; and in the end the file has to be
 * as the last one left it. Anything else was done by somebody else. A change within the same few
 * milliseconds as one of ours may go unnoticed: that is what spot checks are for.
 *
 * @module
 */

/** Where two threads write to one file, one may find what the other has not told yet; of so many. */
const MOST_REMEMBERED = 64;

/** What a file was like, in one number: its size and times. NaN: nobody looked. */
export type FileMark = number;

/** The figures that a mark is made of. */
interface MarkedFigures {
  /** Bytes. */
  readonly size: number;
  readonly mtime: Date | null;
  readonly ctime: Date | null;
}

/** The mark of a file with these figures; of one that is not there, no other mark equals it. */
export function markOf(figures: MarkedFigures | undefined): FileMark {
  if (figures === undefined) return -1;
  const { size, mtime, ctime } = figures;
  // Milliseconds take 41 bits of 53, the rest goes to what changes more rarely.
  const others = Math.imul(size % 0x7fffffff, 31) + Math.floor((ctime?.getTime() ?? 0) / 1000);
  return (mtime?.getTime() ?? 0) * 4096 + (others & 4095);
}

/** One write of ours to one file. */
export interface Written {
  /** The file's index. */
  readonly file: number;
  /** What it was like when the write began. */
  readonly before: FileMark;
  /** And when it was over. */
  readonly after: FileMark;
}

/** The files of one download. */
export class ForeignWrites {
  /** What each is like as far as known. */
  readonly #last: Float64Array;
  /** What it was like before that, of files that were written to more than once. */
  readonly #earlier = new Map<number, FileMark[]>();
  /** What a write found and nobody has left yet. */
  readonly #strange = new Map<number, Set<FileMark>>();

  /** @param marks of each file of the torrent when it was known what is in it; NaN for what is not there */
  constructor(marks: Iterable<FileMark>) {
    this.#last = Float64Array.from(marks);
  }

  /** A write is over. */
  wrote({ file, before, after }: Written): void {
    if (!this.#isKnown(file, before)) this.#addStrange(file, before);
    this.#strange.get(file)?.delete(after);
    this.#remember(file, after);
  }

  /** Whether somebody else wrote to a file that is like this now. */
  isTouched(file: number, now: FileMark): boolean {
    return (this.#strange.get(file)?.size ?? 0) > 0 || !this.#isKnown(file, now);
  }

  #isKnown(file: number, mark: FileMark): boolean {
    const last = this.#last[file]!;
    if (last === mark || Number.isNaN(last) || Number.isNaN(mark)) return true;
    return this.#earlier.get(file)?.includes(mark) ?? false;
  }

  #addStrange(file: number, mark: FileMark): void {
    const strange = this.#strange.get(file) ?? new Set();
    this.#strange.set(file, strange.add(mark));
  }

  #remember(file: number, mark: FileMark): void {
    const last = this.#last[file]!;
    this.#last[file] = mark;
    if (Number.isNaN(last) || last === mark) return;
    const earlier = this.#earlier.get(file) ?? [];
    if (earlier.push(last) > MOST_REMEMBERED) earlier.shift();
    this.#earlier.set(file, earlier);
  }
}
