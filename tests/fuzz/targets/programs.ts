/**
 * What reaches the programs from their surroundings: command lines, requests for the page, files of
 * unfinished downloads, texts for the terminal.
 * @module
 */

import { parseCommandLine } from "../../../lib/cli/command_line/flags.ts";
import { leecherProgram } from "../../../lib/cli/command_line/leecher_program.ts";
import { seederProgram } from "../../../lib/cli/command_line/seeder_program.ts";
import { trackerProgram } from "../../../lib/cli/command_line/tracker_program.ts";
import { clip, displayWidth, foreign } from "../../../lib/cli/text/terminal_text.ts";
import { parseRate, parseSize } from "../../../lib/cli/text/units.ts";
import { utf8 } from "../../../lib/codec/bytes.ts";
import { readResume, ResumeFile } from "../../../lib/disk/download/resume_file.ts";
import { DiskError, OptionError } from "../../../lib/errors.ts";
import { TempFolder } from "../../../support/temp.ts";
import { MockPage } from "../../support/page/mock_page.ts";
import { mockLeecher } from "../../support/page/mock_snapshots.ts";
import { anyTorrent } from "../bencoding.ts";
import { demand, taken, type Target } from "../fuzzer.ts";

const WORDS = [
  "-t",
  "udp://h:1",
  "--port",
  "6881",
  "-p0",
  "--upload-limit",
  "1M",
  "--list",
  "-vq",
  "--",
]
  .concat([
    "a.iso",
    "magnet:?xt=urn:btih:" + "a".repeat(40),
    "-o",
    "out/",
    "--select",
    "0,2-4",
    "--json",
  ])
  .concat(["--checksum", "sha-256=" + "0".repeat(64), "--ui", "off", "--no-tracker", "-s", "512K"]);

const commandLines: Target = {
  name: "command line",
  run(input) {
    const word = () => input.oneIn(3) ? input.damagedText(input.pick(WORDS)) : input.pick(WORDS);
    const args = input.several(5, word);
    const environment = () => input.oneIn(20) ? input.damagedText("1K") : undefined;
    const programs = [leecherProgram, seederProgram, trackerProgram];
    return programs.map((program) =>
      taken(
        () => void parseCommandLine<typeof program.options>(program, args, environment),
        OptionError,
      )
    ).some(Boolean);
  },
};

const units: Target = {
  name: "sizes and rates",
  run(input) {
    const text = input.damagedText(input.pick(["512K", "1.5M/s", "10G", `${input.edge()}K`]));
    const read = [parseSize(text), parseRate(text)];
    demand(
      read.every((n) => n === undefined || (Number.isFinite(n) && n >= 0)),
      `${text}: ${read}`,
    );
    return read.some((n) => n !== undefined);
  },
};

const terminal: Target = {
  name: "terminal text",
  run(input) {
    const text = input.damagedText(
      input.pick(["\x1b[2J\x07a", "a\u202eb\r\n", "é".repeat(400), "漢字"]),
    );
    const shown = foreign(text);
    // deno-lint-ignore no-control-regex -- these are what must not be there
    demand(!/[\x00-\x1f\x7f-\x9f\u202a-\u202e]/.test(shown), JSON.stringify(text));
    demand(displayWidth(clip(shown, 5)) <= 5, `${JSON.stringify(shown)} is too wide`);
    return shown === text;
  },
};

/** Files of unfinished downloads, of one torrent and in one folder. */
async function resumeFiles(): Promise<Target> {
  const folder = await TempFolder.create();
  const [data, path] = [folder.join("a.part"), folder.join("a.resume")];
  await Deno.writeFile(data, new Uint8Array(10));
  const infoHash = utf8("01234567890123456789");
  return {
    name: "resume file",
    every: 5, // each takes a few writes to a disk
    async run(input) {
      const map = Uint8Array.from({ length: input.below(50) }, () => input.below(3));
      await ResumeFile.write(path, { data: [data], infoHash, map, torrent: anyTorrent(input) });
      const whole = await Deno.readFile(path);
      await Deno.writeFile(path, input.damaged(whole));
      try {
        return await readResume(path, [data], infoHash) !== undefined;
      } catch (error) {
        if (error instanceof DiskError) return false;
        throw error;
      }
    },
    close: () => folder[Symbol.asyncDispose](),
  };
}

const HEADS = ["GET / HTTP/1.1", "GET /api/state?q=x HTTP/1.1", "GET /app.js HTTP/1.1"]
  .concat(["GET /../../etc/passwd HTTP/1.1", "POST / HTTP/1.1", "PRI * HTTP/2.0"])
  .concat([`GET /api/state?swarm=${"a".repeat(40)} HTTP/1.1`, "GET http://evil/ HTTP/1.1"]);
const FIELDS = [
  "Connection: close",
  "Origin: http://evil",
  "Content-Length: 5",
  "Cookie: shoal-1=x",
]
  .concat([
    "Transfer-Encoding: chunked",
    "Host: evil",
    "Sec-Fetch-Site: cross-site",
    "Range: bytes=0-",
  ])
  .concat(["Upgrade: websocket", "Expect: 100-continue", "Accept-Encoding: gzip"]);
const SECRET_FILE = /root:/;

/** A page that is served, asked over real sockets. */
async function page(): Promise<Target> {
  const served = await MockPage.serve(mockLeecher(0.5));
  return {
    name: "page",
    every: 10, // each takes a connection
    async run(input) {
      const head = [input.pick(HEADS), `Host: 127.0.0.1:${served.port}`, "Connection: close"];
      head.push(...input.several(3, () => input.pick(FIELDS)));
      const request = utf8(`${head.join("\r\n")}\r\n\r\n`);
      const answer = await answerTo(input.oneIn(2) ? request : input.damaged(request), served.port);
      demand(!SECRET_FILE.test(answer), "it gives away a file");
      demand(answer === "" || /^HTTP\/1\.[01] [1-4]\d\d /.test(answer), answer.slice(0, 80));
      return /^HTTP\/1\.1 200 /.test(answer);
    },
    close: () => served[Symbol.asyncDispose](),
  };
}

/** All that comes back before the other side hangs up, or the beginning where it does not end. */
async function answerTo(request: Uint8Array, port: number): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16_384);
  try {
    await conn.write(request);
    await conn.closeWrite();
    const read = await conn.read(buffer);
    return decoder.decode(buffer.subarray(0, read ?? 0));
  } catch (error) {
    if (isHangUp(error)) return "";
    throw error;
  }
}

function isHangUp(error: unknown): boolean {
  const kinds = [Deno.errors.ConnectionReset, Deno.errors.BrokenPipe, Deno.errors.NotConnected];
  return kinds.some((kind) => error instanceof kind);
}

/** All of them. What they keep on disk and listening ends with their `close`. */
export async function programTargets(): Promise<readonly Target[]> {
  return [commandLines, units, terminal, await resumeFiles(), await page()];
}
