/**
 * A program that makes a torrent of a file, with the cache of hashes on, and tells as JSON what it is
 * and whether the file was hashed: for tests that give it a cache folder of its own.
 * @module
 */

import { createTorrent } from "../../../mod.ts";

let hashedBytes = 0;
const [path = "", options = "{}"] = Deno.args;
const torrent = await createTorrent(path, {
  ...JSON.parse(options),
  onProgress: (doneBytes) => hashedBytes = doneBytes,
});
const { v1Hash, v2Hash, name, comment, trackers } = torrent;
console.log(JSON.stringify({ hashedBytes, v1Hash, v2Hash, name, comment, trackers }));
