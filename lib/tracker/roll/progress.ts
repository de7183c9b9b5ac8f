/**
 * How much of a torrent a machine has, from what it announces.
 *
 * @module
 */

/** The bytes left that a downloader reports while it does not know the size, as Shoal and libtorrent do. */
const LEFT_UNKNOWN = 16_384;

/** What is known about a machine's share of a torrent. */
export interface Holding {
  /** Bytes it reported as missing. */
  readonly leftBytes: number;
  /** The torrent's size; absent when nobody named it. */
  readonly size: number | undefined;
  /** It named the size itself, so it knows how much it is missing. */
  readonly knowsSize: boolean;
  /** Its part of the torrent, if it does not want all. */
  readonly part?: Part | undefined;
}

/** A selection of files. */
export interface Part {
  /** Bytes of the files it wants. */
  readonly selectedBytes: number;
  /** Bytes it has of them. */
  readonly haveBytes: number;
}

/** The fraction it has of what it wants, 0 to 1; `undefined` when unknown. */
export function progressOf(holding: Holding): number | undefined {
  const { leftBytes, part } = holding;
  if (leftBytes === 0) return 1;
  if (part !== undefined) {
    return part.selectedBytes === 0 ? 1 : clamped(part.haveBytes / part.selectedBytes);
  }
  const size = knownSize(holding);
  return size ? clamped(1 - leftBytes / size) : undefined;
}

/** Bytes it still wants; `undefined` when unknown. */
export function wantedBytes(holding: Holding): number | undefined {
  const { leftBytes, part } = holding;
  if (part !== undefined) return Math.max(0, part.selectedBytes - part.haveBytes);
  return knownSize(holding) === undefined ? undefined : leftBytes;
}

function knownSize({ leftBytes, size, knowsSize }: Holding): number | undefined {
  return knowsSize || leftBytes !== LEFT_UNKNOWN ? size : undefined;
}

function clamped(share: number): number {
  return Math.min(1, Math.max(0, share));
}
