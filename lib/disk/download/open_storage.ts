/**
 * Opens the files of a download: one file, or a folder of them.
 *
 * @module
 */

import { FolderDownload } from "./folder.ts";
import { FileDownload } from "./single_file.ts";
import type { DownloadPlan, DownloadStorage } from "./storage.ts";

/**
 * Looks at what is there, and prepares for what is missing.
 *
 * @throws {DiskError} when the place is taken by something else, cannot be written, or too small
 */
export function openStorage(plan: DownloadPlan): Promise<DownloadStorage> {
  return plan.metainfo.info.multiFile ? FolderDownload.open(plan) : FileDownload.open(plan);
}
