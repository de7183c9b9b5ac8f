/**
 * The pieces that somebody waits for, who reads a file while it is downloaded. They are fetched before all
 * others, in the order in which they are read.
 *
 * @module
 */

/** The pieces ahead of one reader. */
export class UrgentRange {
  /** The piece that the reader needs next. */
  first = 0;
  /** One past the last piece to fetch ahead. */
  end = 0;
  readonly #close: (range: UrgentRange) => void;

  /** Begins empty; `close` is called when the reader has gone. */
  constructor(close: (range: UrgentRange) => void) {
    this.#close = close;
  }

  /** The reader has moved on. */
  moveTo(first: number, end: number): void {
    this.first = first;
    this.end = end;
  }

  /** Nothing is urgent for the reader any more. */
  close(): void {
    this.#close(this);
  }
}

/** The urgent pieces of all readers of a torrent. */
export class UrgentPieces {
  readonly #ranges = new Set<UrgentRange>();

  /** Whether nobody reads. */
  get isEmpty(): boolean {
    return this.#ranges.size === 0;
  }

  /** The range of one more reader. */
  open(): UrgentRange {
    const range = new UrgentRange((closed) => this.#ranges.delete(closed));
    this.#ranges.add(range);
    return range;
  }

  /** Whether the piece is urgent. */
  has(piece: number): boolean {
    for (const { first, end } of this.#ranges) if (piece >= first && piece < end) return true;
    return false;
  }

  /**
   * The first urgent piece that `accept` takes, or -1: what readers need next comes first, then what each
   * needs after that. So no reader waits for what another one needs later.
   */
  find(accept: (piece: number) => boolean): number {
    let isLast = false;
    for (let ahead = 0; !isLast; ahead++) {
      isLast = true;
      for (const { first, end } of this.#ranges) {
        const piece = first + ahead;
        if (piece >= end) continue;
        if (accept(piece)) return piece;
        isLast = false;
      }
    }
    return -1;
  }
}
