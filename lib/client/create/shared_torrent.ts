/**
 * Warns when a .torrent file itself is shared, which is seldom intended.
 *
 * @module
 */

import { MAX_METAINFO_LENGTH, parseMetainfo } from "../../codec/torrent/metainfo.ts";
import { TorrentError } from "../../errors.ts";

/** A sentence for the user who shares this file; `undefined` when it is no torrent file. */
export async function adviceOnSharing(path: string): Promise<string | undefined> {
  if (!/\.torrent$/i.test(path)) return undefined;
  const { isFile, size } = await Deno.stat(path);
  if (!isFile || size > MAX_METAINFO_LENGTH) return undefined;
  const bytes = await Deno.readFile(path);
  try {
    const { info } = parseMetainfo(bytes);
    return `${path} is shared as a file like any other; to seed the "${info.name}" that it describes, ` +
      "give it to the leecher";
  } catch (error) {
    if (error instanceof TorrentError) return undefined;
    throw error;
  }
}
