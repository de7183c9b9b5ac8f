/**
 * Opens the files of a download: a single file or a folder.
 *
 * @module
 */

import { FolderDownload } from "./folder.ts";
import { FileDownload } from "./single_file.ts";
import type { DownloadPlan, DownloadStorage } from "./storage.ts";

/**
 * Checks what exists, and prepares what is missing.
 *
 * @throws {DiskError} when something else is in the way, or the disk is full or not writable
 */
export function openStorage(plan: DownloadPlan): Promise<DownloadStorage> {
  return plan.metainfo.info.multiFile ? FolderDownload.open(plan) : FileDownload.open(plan);
}
