import { assert, assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import { flagWords, peerTable } from "../../lib/cli/terminal/peer_table.ts";
import { displayWidth } from "../../lib/cli/text/terminal_text.ts";
import type { ConnectionStats } from "../../mod.ts";

const pure = { permissions: "none" } as const;
const wide = { columns: 120, rows: 30, glyphs: "unicode" as const };

function peer(changes: Partial<ConnectionStats> = {}): ConnectionStats {
  return {
    address: "10.0.0.7:6881",
    client: "Shoal 0.1.0",
    downloadedBytes: 0,
    uploadedBytes: 0,
    downloadRate: 0,
    uploadRate: 0,
    progress: 1,
    flags: "2d",
    fetching: [],
    badPieces: 0,
    ...changes,
  };
}

Deno.test(
  "the table tells of each peer what it has, gives and takes, the busiest first",
  pure,
  () => {
    const peers = [
      peer({ flags: "" }),
      peer({
        address: "[2001:db8::1]:51413",
        progress: 0.5,
        uploadRate: 3e6,
        client: "",
        flags: "ui",
      }),
      peer({ address: "https://example.org/pub/", downloadRate: 5e6, flags: "wd" }),
    ];
    assertEquals(peerTable(peers, wide), [
      "  peer                        has       down         up  program",
      "  https://example.org/pub/   100%  4.8 MiB/s          -  Shoal 0.1.0  web server, serves us",
      "  [2001:db8::1]:51413       50.0%          -  2.9 MiB/s               served by us, dialled us",
      "  10.0.0.7:6881              100%          -          -  Shoal 0.1.0  seeder",
    ]);
  },
);

Deno.test("a seeder that hands out gradually is called a seeder, whatever it tells", pure, () => {
  assertEquals(peerTable([peer({ progress: 0.28, flags: "2dg" })], wide), [
    "  peer              has  down  up  program",
    "  10.0.0.7:6881  seeder     -   -  Shoal 0.1.0  hands out gradually, serves us, v2",
  ]);
});

Deno.test("without peers there is no table, nor without room", pure, () => {
  assertEquals(peerTable([], wide), []);
  assertEquals(peerTable([peer()], { ...wide, rows: 1 }), []);
});

Deno.test("of many peers the busiest are shown and the others counted", pure, () => {
  const peers = Array.from({ length: 1000 }, (_, i) => peer({ downloadRate: i }));
  for (const [rows, shown, more] of [[5, 3, 997], [2, 0, 1000], [100, 19, 981]] as const) {
    const table = peerTable(peers, { ...wide, rows });
    assertEquals(table.length, shown + 2);
    assertEquals(table.at(-1), `  and ${more} more`);
  }
  assertEquals(peerTable(peers.slice(0, 4), { ...wide, rows: 5 }).length, 5);
});

Deno.test("no line is wider than the terminal, whatever a peer calls itself", pure, () => {
  const client = "文件".repeat(200) + "\x1b[2J\u202e👨‍👩‍👧‍👦\n";
  let checked = 0;
  for (let columns = 1; columns <= 150; columns++) {
    for (const glyphs of ["unicode", "ascii"] as const) {
      const address = `[2001:db8:1111:2222:3333:4444:5555:6666]:${columns}`;
      for (
        const line of peerTable([peer({ client, address, flags: "wsdui2" })], {
          ...wide,
          columns,
          glyphs,
        })
      ) {
        assertLessOrEqual(displayWidth(line), columns, line);
        assert(!/\p{Cc}|\u202e/u.test(line), line);
        checked++;
      }
    }
  }
  assertEquals(checked, 600);
});

Deno.test("flags are told in words", pure, () => {
  assertEquals(flagWords(""), "");
  assertMatch(flagWords("i2dus"), /^too slow, serves us, served by us, dialled us, v2$/);
});
