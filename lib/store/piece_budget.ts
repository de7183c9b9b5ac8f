/**
 * The memory for pieces being collected or verified, shared by all downloads of a client.
 *
 * Each download may always have a few pieces, so that none stands still. The rest goes to whoever asks
 * first. When it is used up, a download with less than its share comes before those with more: they begin
 * no more pieces until it has got what it asked for.
 *
 * @module
 */

/** Bytes for all downloads; exceeded only for their fewest pieces. */
export const PIECE_MEMORY: number = 12 * 1024 * 1024;
/** A download may always have this many pieces. */
const FEWEST_PIECES = 4;
/** But fewer, at least one, if they would take more than this, because pieces are very long. */
const MOST_BYTES_FOR_FEWEST = 512 * 1024 * 1024;

/** How many pieces of this length a download may always have. An untrusted torrent chooses the length. */
export function fewestPieces(pieceLength: number): number {
  return Math.max(1, Math.min(FEWEST_PIECES, Math.floor(MOST_BYTES_FOR_FEWEST / pieceLength)));
}

/** The memory of all downloads. */
export class PieceBudget {
  /** Bytes for all downloads. */
  readonly bytes: number;
  /** Bytes in use. */
  usedBytes = 0;
  /** Downloads that have pieces. */
  busyCount = 0;
  /** Downloads that asked for no more than their share, and did not get it. */
  waitingCount = 0;

  /** @param bytes to share; each download may exceed it by its fewest pieces */
  constructor(bytes: number = PIECE_MEMORY) {
    this.bytes = bytes;
  }

  /** The share of a download with pieces of this length, which has none yet. */
  share(pieceLength: number): PieceShare {
    return new PieceShare(this, pieceLength);
  }
}

/** What one download has of the memory. It must give back all it took. */
export class PieceShare {
  readonly #budget: PieceBudget;
  readonly #pieceLength: number;
  readonly #fewest: number;
  #count = 0;
  #isWaiting = false;

  /** See {@link PieceBudget.share}. */
  constructor(budget: PieceBudget, pieceLength: number) {
    this.#budget = budget;
    this.#pieceLength = pieceLength;
    this.#fewest = fewestPieces(pieceLength);
  }

  /** Bytes of the pieces it has. */
  get usedBytes(): number {
    return this.#count * this.#pieceLength;
  }

  /** Asks for another piece; if it is granted, {@link take} may follow. */
  ask(): boolean {
    this.#wait(false);
    if (this.#count < this.#fewest) return true;
    const { bytes, usedBytes, busyCount, waitingCount } = this.#budget;
    const isFair = this.usedBytes + this.#pieceLength <= bytes / busyCount;
    const fits = usedBytes + this.#pieceLength <= bytes;
    if (fits && (isFair || waitingCount === 0)) return true;
    this.#wait(isFair);
    return false;
  }

  /** Begins a piece. */
  take(): void {
    if (this.#count++ === 0) this.#budget.busyCount++;
    this.#budget.usedBytes += this.#pieceLength;
  }

  /** A piece has ended. */
  giveBack(): void {
    if (--this.#count === 0) this.#budget.busyCount--;
    this.#budget.usedBytes -= this.#pieceLength;
    this.#wait(false); // it asks again if it needs more
  }

  /** Gives everything back, because the download has ended. */
  leave(): void {
    while (this.#count > 0) this.giveBack();
    this.#wait(false);
  }

  #wait(isWaiting: boolean): void {
    this.#budget.waitingCount += Number(isWaiting) - Number(this.#isWaiting);
    this.#isWaiting = isWaiting;
  }
}
