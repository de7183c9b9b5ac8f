/**
 * What works between Shoal and other programs, cell by cell; at the end the table is printed.
 * docs/compatibility.md has the same table.
 * @module
 */

import { assert } from "@std/assert";
import { foreignTest, versionOf } from "../../support/foreign.ts";
import type { TorrentFormat } from "../../support/libtorrent.ts";
import {
  byLink,
  type Exchange,
  exchange,
  foreignDownloads,
  isUnable,
  oneSwarm,
  type Shape,
  weDownload,
} from "../support/clients/exchanges.ts";
import { FOREIGN_CLIENTS, type ForeignClient } from "../support/clients/foreign_clients.ts";
import { skipsNetworks } from "../support/network/network.ts";
import { documentText } from "../support/project/document.ts";

const FORMATS: readonly TorrentFormat[] = ["hybrid", "v1", "v2"];
const SHAPES: readonly Shape[] = ["file", "folder"];
/** Most of the time programs wait for one another: that many cells share it. */
const AT_ONCE = 8;

interface Column {
  readonly head: string;
  readonly exchange: Exchange;
  /** Whether it takes place on networks of its own. */
  readonly networks?: boolean;
  /** What happens in a cell of this column. */
  readonly sentence: (client: string, what: string) => string;
}

const COLUMNS: readonly Column[] = [
  {
    head: "downloads from Shoal",
    exchange: foreignDownloads,
    sentence: (client, what) => `${client} gets a ${what} from our seeder`,
  },
  {
    head: "Shoal downloads from it",
    exchange: weDownload,
    sentence: (client, what) => `we get a ${what} from ${client}`,
  },
  {
    head: "both in one swarm",
    exchange: oneSwarm,
    networks: true,
    sentence: (client, what) => `${client} and our leecher give parts of a ${what} to each other`,
  },
  {
    head: "by a link",
    exchange: byLink,
    sentence: (client, what) => `${client} gets a ${what} by a link from us, and then we from it`,
  },
];

/** Which shapes went through, by client, format and column. */
const passed = new Map<string, Shape[]>();

/** Whether the cells that need networks are left out. */
const hasGaps = skipsNetworks();
if (hasGaps) {
  console.error("skipped: one swarm with other programs needs Linux's network namespaces");
}

for (const client of FOREIGN_CLIENTS) {
  const title = `${client.name} and Shoal exchange files and folders`;
  foreignTest(title, [client.program], async (test) => {
    await inTurns(cellsOf(client), AT_ONCE, async ({ name, ignore, run }) => {
      // Of steps at the same time none can tell whose operations are left; the test around them can.
      const alone = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
      await test.step({ name, ignore, fn: run, ...alone });
    });
  });
}

Deno.test("the table of clients in docs/compatibility.md is what the tests found", async () => {
  const tried = FOREIGN_CLIENTS.filter(({ name }) =>
    [...passed.keys()].some((key) => key.startsWith(name))
  );
  const rows = tried.flatMap(rowsOf);
  if (rows.length === 0) return;
  console.error(`\n${table(rows).join("\n")}\n`);
  if (hasGaps) return;
  const document = await documentText("docs/compatibility.md");
  const lines = document.split("\n").map((text) => text.replaceAll(/ +/g, " "));
  // A machine may have other versions than those that the document names.
  for (const row of rows.filter(([name]) => lines.some((text) => text.startsWith(`| ${name} |`)))) {
    assert(lines.includes(line(row)), `the document does not have ${line(row)}`);
  }
});

interface Cell {
  readonly name: string;
  readonly ignore: boolean;
  readonly run: () => Promise<void>;
}

function cellsOf(client: ForeignClient): Cell[] {
  return FORMATS.flatMap((format) => {
    const inability = client.cannot[format];
    if (inability !== undefined) {
      const run = () => exchange(isUnable, client, format, "file");
      const name = `${client.name} ${inability.because}: a ${format} torrent`;
      return [{ name, ignore: false, run }];
    }
    return COLUMNS.flatMap((column) =>
      SHAPES.map((shape) => ({
        name: column.sentence(client.name, `${format} ${shape}`),
        ignore: hasGaps && column.networks === true,
        run: async () => {
          await exchange(column.exchange, client, format, shape);
          const key = keyOf(client, format, column);
          passed.set(key, [...passed.get(key) ?? [], shape]);
        },
      }))
    );
  });
}

/** Does something with every item, with up to `atOnce` of them at the same time. */
async function inTurns<T>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function keyOf(client: ForeignClient, format: TorrentFormat, { head }: Column): string {
  return `${client.name} ${format} ${head}`;
}

function rowsOf(client: ForeignClient): string[][] {
  return FORMATS.map((format) => [
    `${client.name} ${versionOf(client.program)}`,
    format,
    ...COLUMNS.map((column) => {
      const shapes = passed.get(keyOf(client, format, column)) ?? [];
      return SHAPES.filter((shape) => shapes.includes(shape)).join(", ") || "–";
    }),
    client.cannot[format]?.because ?? client.remarks[format] ?? "",
  ]);
}

function table(rows: string[][]): string[] {
  const head = ["program", "torrent", ...COLUMNS.map(({ head }) => head), "remarks"];
  return [head, head.map(() => "---"), ...rows].map(line);
}

function line(row: string[]): string {
  return `| ${row.join(" | ")} |`.replaceAll(/ +/g, " ");
}
