import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { writeTorrentFile } from "../../lib/cli/torrent_file.ts";
import { DiskError, ExitCode } from "../../lib/errors.ts";

const TORRENT = new TextEncoder().encode("d4:infode");
const isTorrent = (bytes: Uint8Array) => bytes[0] === TORRENT[0];

async function inFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a .torrent file is written, and written anew", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.torrent");
    await writeTorrentFile(path, TORRENT, isTorrent);
    await writeTorrentFile(path, TORRENT, isTorrent);
    assertEquals(await Deno.readFile(path), TORRENT);
  }));

Deno.test("a mistaken -o does not destroy the file to be shared", () =>
  inFolder(async (folder) => {
    const path = join(folder, "file.iso");
    await Deno.writeTextFile(path, "precious");
    const error = await assertRejects(() => writeTorrentFile(path, TORRENT, isTorrent), DiskError);
    assertEquals(error.exitCode, ExitCode.fileExists);
    assertEquals(await Deno.readTextFile(path), "precious");
  }));

Deno.test("a folder in the way, or no folder at all, is told", () =>
  inFolder(async (folder) => {
    const inTheWay = () => writeTorrentFile(folder, TORRENT, isTorrent);
    assertEquals((await assertRejects(inTheWay, DiskError)).exitCode, ExitCode.fileExists);
    const nowhere = () => writeTorrentFile(join(folder, "no", "a.torrent"), TORRENT, isTorrent);
    assertEquals((await assertRejects(nowhere, DiskError)).exitCode, ExitCode.io);
  }));

Deno.test("a link in the place of the .torrent file is not followed, whatever it leads to", () =>
  inFolder(async (folder) => {
    const old = join(folder, "old.torrent");
    await Deno.writeFile(old, TORRENT);
    const path = join(folder, "a.torrent");
    for (const target of [old, join(folder, "nothing")]) {
      await Deno.symlink(target, path);
      const error = await assertRejects(() => write(path), DiskError, "links are not followed");
      assertEquals(error.exitCode, ExitCode.fileExists);
      await Deno.remove(path);
    }
    assertEquals(names(folder), ["old.torrent"]);
  }));

Deno.test("a .torrent file with a second name is replaced under the one that was given", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.torrent");
    await write(path);
    await Deno.link(path, join(folder, "b.torrent"));
    await writeTorrentFile(path, new TextEncoder().encode("d5:other"), isTorrent);
    assertEquals(await Deno.readFile(join(folder, "b.torrent")), TORRENT);
    assertEquals(names(folder), ["a.torrent", "b.torrent"]);
  }));

const write = (path: string) => writeTorrentFile(path, TORRENT, isTorrent);

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}
