/**
 * The last look at a download before it is called complete: whether it still is what was written.
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

/** A download all of whose pieces are said to be verified. */
interface Finished {
  readonly plan: DownloadPlan;
  readonly notes: ResumeData;
  readonly watch: ForeignWrites;
  /** Where each file is; empty for what is not there. */
  readonly paths: readonly string[];
  /** Pieces that are stored in part only. */
  readonly fragments: Bitfield | undefined;
}

/**
 * Looks whether sizes and times are what our own writes left, and at some pieces. Where somebody else was
 * at work, everything is hashed.
 *
 * @throws {DiskError} exit 17, when something is wrong by now; what is right is noted
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

function planOf({ plan: { metainfo: { info }, layout, layers }, paths }: Finished) {
  return { info, layout, layers, paths };
}

/** The chosen pieces that are on disk as a whole. */
function claimedBy({ plan: { layout, selection }, fragments }: Finished): Bitfield {
  const claimed = new Bitfield(layout.pieceCount);
  for (const piece of layout.pieces()) {
    if (selection.wants(piece) && !fragments?.get(piece)) claimed.set(piece);
  }
  return claimed;
}
