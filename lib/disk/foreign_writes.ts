/**
 * Notices when another program writes to the files of a download.
 *
 * Each of our writes records the file's mark just before and just after. The mark before a write must be
 * one that another of our writes left, or the initial one. At the end, the file must be as our last write
 * left it. Any other mark means another program wrote to the file. A change within a few milliseconds of
 * one of ours may go unnoticed; spot checks are there for that.
 *
 * @module
 */

/**
 * When two threads write to one file, one may see a mark the other has not reported yet. At most this many
 * marks are kept.
 */
const MOST_REMEMBERED = 64;

/** A file's size and times in one number. NaN: not looked at. */
export type FileMark = number;

interface MarkedFigures {
  /** Bytes. */
  readonly size: number;
  readonly mtime: Date | null;
  readonly ctime: Date | null;
}

/** The mark of a file with these figures. The mark of a missing file equals no other. */
export function markOf(figures: MarkedFigures | undefined): FileMark {
  if (figures === undefined) return -1;
  const { size, mtime, ctime } = figures;
  // Milliseconds take 41 of 53 bits; the rest is for what changes more rarely.
  const others = Math.imul(size % 0x7fffffff, 31) + Math.floor((ctime?.getTime() ?? 0) / 1000);
  return (mtime?.getTime() ?? 0) * 4096 + (others & 4095);
}

/** One of our writes to one file. */
export interface Written {
  /** The file's index. */
  readonly file: number;
  /** The file's mark before the write. */
  readonly before: FileMark;
  /** The file's mark after the write. */
  readonly after: FileMark;
}

/** Tracks the writes to the files of one download. */
export class ForeignWrites {
  /** The last known mark of each file. */
  readonly #last: Float64Array;
  /** Earlier marks of files that were written more than once. */
  readonly #earlier = new Map<number, FileMark[]>();
  /** Marks that a write found but no reported write has left yet. */
  readonly #strange = new Map<number, Set<FileMark>>();

  /** @param marks of each file of the torrent when its contents were checked; NaN for a missing file */
  constructor(marks: Iterable<FileMark>) {
    this.#last = Float64Array.from(marks);
  }

  /** Records a finished write. */
  wrote({ file, before, after }: Written): void {
    if (!this.#isKnown(file, before)) this.#addStrange(file, before);
    this.#strange.get(file)?.delete(after);
    this.#remember(file, after);
  }

  /** Whether another program wrote to a file that now has this mark. */
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
