/** Torrents of very many files: what they cost the machine of whoever looks at one. @module */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { fromLatin1 } from "../../lib/codec/bytes.ts";
import { cleanEnvironment } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";

const FILES = 100_000;
const MOST_BYTES = 200 * 1024 * 1024;

/** A v1 torrent of so many files of one byte, all with one name. */
function torrentOfNamesakes(): Uint8Array<ArrayBuffer> {
  const entry = "d6:lengthi1e4:pathl5:a.txtee";
  return new Uint8Array(fromLatin1(
    `d4:infod5:filesl${entry.repeat(FILES)}e4:name1:x12:piece lengthi16777216e6:pieces20:` +
      `${"\0".repeat(20)}ee`,
  ));
}

/** The most memory a process has had so far, in bytes; 0 when it has ended. */
async function peakOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

Deno.test({
  name: "a hundred thousand files of one name are listed in less than 200 MB of memory",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = await TempFolder.create();
    const path = await folder.file("x.torrent", torrentOfNamesakes());
    const leecher = fromFileUrl(new URL("../../leecher.ts", import.meta.url));
    await using child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", leecher, "--list", path],
      clearEnv: true,
      env: cleanEnvironment(),
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    let [text, peak] = ["", 0];
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      peak = Math.max(peak, await peakOf(child.pid));
      text += part;
    }
    assertEquals((await child.status).code, 0);
    const lines = text.trimEnd().split("\n").slice(-FILES);
    assertEquals(new Set(lines).size, FILES);
    assert(lines.at(-1)!.endsWith("1 B  x/a.99999.txt"), lines.at(-1));
    assert(peak > 0 && peak < MOST_BYTES, `it took ${peak} bytes`);
  },
});
