/**
 * The last check before a download is called complete: is the data still what we wrote?
 *
 * @module
 */

import { DiskError } from "../../errors.ts";
import { Bitfield } from "../../store/bitfield.ts";
import { lookUnfollowed } from "../exclusive_file.ts";
import { type ForeignWrites, markOf } from "../foreign_writes.ts";
import { passesSpotCheck } from "../spot_check.ts";
import type { ResumeData } from "./resume_data.ts";
import type { DownloadPlan } from "./storage.ts";

/** A download whose pieces are all marked verified. */
interface Finished {
  readonly plan: DownloadPlan;
  readonly notes: ResumeData;
  readonly watch: ForeignWrites;
  /** The path of each file; empty for a missing file. */
  readonly paths: readonly string[];
  /** Pieces of which only a part is stored. */
  readonly fragments: Bitfield | undefined;
}

/**
 * Compares sizes and times with those our own writes left, and spot-checks some pieces. If another program
 * wrote to the files, hashes everything.
 *
 * @throws {DiskError} exit 17 when some data is wrong; the pieces that are right have been noted
 */
export async function checkUntouched(download: Finished): Promise<void> {
  const { plan, notes, paths } = download;
  if (!isTouched(download) && await passesSpotCheck(planOf(download), claimedBy(download))) return;
  notes.doubt();
  const verified = await notes.check(paths);
  const wrong = [...plan.layout.pieces()].filter((piece) =>
    plan.selection.wants(piece) && !verified.have.get(piece)
  );
  if (wrong.length === 0) return;
  await notes.write(verified, paths);
  const chunks = wrong.length === 1 ? "one chunk is" : `${wrong.length} chunks are`;
  throw new DiskError(
    `something else wrote to ${paths.find((path) => path !== "")} while it was downloaded, and ` +
      `${chunks} not right any more: run the same command again; what is right is kept`,
  );
}

function isTouched({ paths, watch }: Finished): boolean {
  return paths.some((path, file) =>
    path !== "" && watch.isTouched(file, markOf(lookUnfollowed(path)))
  );
}

function planOf({ plan: { disk, metainfo: { info }, layout, layers }, paths }: Finished) {
  return { disk, info, layout, layers, paths };
}

/** The chosen pieces that are completely on disk. */
function claimedBy({ plan: { layout, selection }, fragments }: Finished): Bitfield {
  const claimed = new Bitfield(layout.pieceCount);
  for (const piece of layout.pieces()) {
    if (selection.wants(piece) && !fragments?.get(piece)) claimed.set(piece);
  }
  return claimed;
}
