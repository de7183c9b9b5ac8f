import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  listing,
  mismatch,
  offerLines,
  offerOfManyLines,
  sourceLines,
  torrentLines,
} from "../../lib/cli/output/result_lines.ts";
import type { Torrent } from "../../mod.ts";

const pure = { permissions: "none" } as const;
const V1 = "0123456789abcdef0123456789abcdef01234567";
const V2 = `${V1}0123456789abcdef01234567`;

function torrent(changes: Partial<Torrent> = {}): Torrent {
  return {
    name: "file.iso",
    length: 2 ** 30,
    version: "hybrid",
    pieceLength: 2 ** 19,
    pieceCount: 2048,
    v1Hash: V1,
    v2Hash: V2,
    private: false,
    trackers: [],
    webSeeds: [],
    files: [{ path: "file.iso", length: 2 ** 30 }],
    ...changes,
  } as Torrent;
}

Deno.test("a torrent is described by name, size, chunks and hashes", pure, () => {
  assertEquals(torrentLines(torrent()), [
    "file.iso, 1 GiB (1073741824 bytes), 2048 chunks of 512 KiB, hybrid",
    `  info-hash v1 ${V1}`,
    `  info-hash v2 ${V2}`,
  ]);
});

Deno.test("a folder is described by how many files it holds", pure, () => {
  const files = [{ path: "photos/a", length: 1 }, { path: "photos/b", length: 2 }];
  const [line] = torrentLines(torrent({ name: "photos", multiFile: true, files, length: 3 }));
  assertEquals(line, "photos/, 2 files, 3 B (3 bytes), 2048 chunks of 512 KiB, hybrid");
});

Deno.test("a seeder says how to get its file, by link and by name", pure, () => {
  const magnet = `magnet:?xt=urn:btih:${V1}&dn=file.iso&tr=udp%3A%2F%2F10.0.0.2%3A6969`;
  const lines = offerLines(
    {
      torrent: torrent(),
      port: 6881,
      magnet,
      trackers: ["udp://127.0.0.1:6969"],
      embeddedTracker: true,
    },
    "deno run -A leecher.ts",
    false,
  );
  assertEquals(lines.slice(3), [
    "listening on TCP port 6881",
    "hosting a tracker too, at udp://10.0.0.2:6969",
    "get it with",
    `  deno run -A leecher.ts '${magnet}'`,
    "or by its name, which Shoal's trackers know",
    "  deno run -A leecher.ts -t udp://10.0.0.2:6969 file.iso",
    "sharing until Ctrl-C",
  ]);
});

Deno.test(
  "on the local network the short command comes first, and the long link second",
  pure,
  () => {
    const magnet = `magnet:?xt=urn:btih:${V1}&dn=it's%20%26%20file&tr=udp%3A%2F%2F10.0.0.2%3A6969`;
    const shown = (name: string) => {
      const offer = {
        port: 6881,
        magnet,
        trackers: ["udp://10.0.0.2:6969"],
        embeddedTracker: false,
      };
      return offerLines({ ...offer, torrent: torrent({ name }) }, "leecher", true).slice(5);
    };
    assertEquals(shown("it's & file"), [
      "get it on the local network with",
      "  leecher 'it'\\''s & file'",
      "or anywhere with",
      `  leecher '${magnet.replace("'", "'\\''")}'`,
      "sharing until Ctrl-C",
    ]);
    assertEquals(shown(`a.torrent`), [
      "get it with",
      `  leecher '${magnet.replace("'", "'\\''")}'`,
      "sharing until Ctrl-C",
    ]);
  },
);

Deno.test("a seeder names the trackers it was given", pure, () => {
  const lines = offerLines(
    {
      torrent: torrent(),
      port: 6881,
      magnet: `magnet:?xt=urn:btih:${V1}`,
      trackers: ["udp://a:1", "udp://b:2"],
      embeddedTracker: false,
    },
    "leecher",
    true,
  );
  assertEquals(lines.filter((line) => line.startsWith("tracker")), [
    "tracker udp://a:1",
    "tracker udp://b:2",
  ]);
});

Deno.test("a seeder with several says how to get one, by its name where that works", pure, () => {
  const client = { port: 6881, trackers: ["udp://127.0.0.1:6969"], embeddedTracker: true };
  const magnet = `magnet:?xt=urn:btih:${V1}&dn=file.iso&tr=udp%3A%2F%2F10.0.0.2%3A6969`;
  const first = { torrent: torrent(), magnet, isFoundLocally: false };
  const second = { ...first, torrent: torrent({ name: "b" }) };
  assertEquals(offerOfManyLines(client, [first, second], "leecher"), [
    "2 torrents, listening on TCP port 6881",
    "hosting a tracker too, at udp://10.0.0.2:6969",
    "get each by its link, or by its name, as in",
    "  leecher -t udp://10.0.0.2:6969 file.iso",
  ]);
  const alone = { port: 6881, trackers: [], embeddedTracker: false };
  const link = `magnet:?xt=urn:btih:${V1}`;
  const linked = { torrent: torrent(), magnet: link, isFoundLocally: false };
  assertEquals(offerOfManyLines(alone, [linked], "leecher"), [
    "1 torrent, listening on TCP port 6881",
    "get each by its link, as in",
    `  leecher '${link}'`,
  ]);
  assertEquals(offerOfManyLines(alone, [], "leecher"), ["listening on TCP port 6881"]);
});

Deno.test("a listing shows the files, and no stranger's text drives the terminal", pure, () => {
  const evil = "\x1b[2J";
  const lines = [...listing(torrent({
    name: evil,
    comment: evil,
    private: true,
    trackers: [evil],
    webSeeds: [evil],
    files: [{ path: `a/${evil}`, length: 5 }],
  }))];
  assert(!/\p{Cc}/u.test(lines.join("")));
  assertMatch(lines.at(-1)!, /5 B {2}a\/\[2J$/);
  assert(lines.includes("  private"));
});

Deno.test("the files of a folder have numbers in a listing, a single file has none", pure, () => {
  const files = Array.from({ length: 11 }, (_, i) => ({ path: `d/${i}`, length: 1 }));
  const folder = [...listing(torrent({ multiFile: true, files }))];
  assertEquals([folder.at(-11), folder.at(-1)], [
    "   0         1 B  d/0",
    "  10         1 B  d/10",
  ]);
  assertEquals([...listing(torrent({ files: files.slice(0, 1) }))].at(-1), "         1 B  d/0");
});

Deno.test("what does not match is told by chunks of a file and by files of a folder", pure, () => {
  const found = { ok: false, path: "x", badPieces: 2, pieces: 9, badFiles: ["x"], files: 1 };
  assertEquals(mismatch(found), "x: 2 of 9 chunks do not match");
  assertEquals(mismatch({ ...found, badPieces: 0 }), "x is longer than it should be");
  const badFiles = ["x/a\x1b", "x/b", "x/c", "x/d"];
  assertEquals(
    mismatch({ ...found, badFiles, files: 5 }),
    "x: 4 of 5 files do not match (x/a, x/b, x/c and others)",
  );
  assertEquals(
    mismatch({ ...found, badPieces: 0, badFiles: ["x/empty"] }),
    "x: 1 of 1 file do not match (x/empty)",
  );
});

Deno.test("sources are listed with their shares, the most generous first", pure, () => {
  assertEquals(
    sourceLines([
      { address: "10.0.0.2:6881", client: "Shoal 0.1.0", bytes: 2 ** 20 },
      { address: "10.0.0.13:6881", bytes: 3 * 2 ** 20 },
      { address: "10.0.0.9:6881", bytes: 0 },
    ]),
    [
      "from 2 sources:",
      "  10.0.0.13:6881       3 MiB   75.0%",
      "  10.0.0.2:6881        1 MiB   25.0%  Shoal 0.1.0",
    ],
  );
  assertEquals(sourceLines([]), []);
});

Deno.test("a hundred sources are summed up", pure, () => {
  const sources = Array.from(
    { length: 100 },
    (_, i) => ({ address: `10.0.0.${i}:1`, bytes: 1024 }),
  );
  const lines = sourceLines(sources);
  assertEquals(lines.length, 22);
  assertEquals(lines.at(-1), "  and 80 others, 80 KiB in all");
});
