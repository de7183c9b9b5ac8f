import { assert, assertEquals } from "@std/assert";
import { pieceBar } from "../../lib/cli/terminal/piece_bar.ts";
import { fitLine } from "../../lib/cli/terminal/progress.ts";
import { seededRandom } from "../../support/random.ts";

const pure = { permissions: "none" } as const;

/** Pieces by a text: `#` is verified. */
function pieces(text: string) {
  return { count: text.length, has: (piece: number) => text[piece] === "#" };
}

Deno.test("each cell is filled as far as its stretch of the file is verified", pure, () => {
  assertEquals(pieceBar(pieces("########........"), 4), "██░░");
  assertEquals(pieceBar(pieces("#.......##......####....#######."), 4), "▁▂▄▇");
  assertEquals(pieceBar(pieces("#".repeat(1000) + "."), 4), "███▇");
  assertEquals(pieceBar(pieces("." + "#".repeat(999)), 4), "▇███");
});

Deno.test("fewer pieces than cells are drawn as wide as they are", pure, () => {
  assertEquals(pieceBar(pieces("#."), 8), "████░░░░");
  assertEquals(pieceBar(pieces("#"), 3), "███");
  assertEquals(pieceBar(pieces("#.#"), 8), "██▄░░▄██");
});

Deno.test(
  "the bar is full when every piece is there and empty when none is, and not otherwise",
  pure,
  () => {
    const random = seededRandom(5);
    let checked = 0;
    for (let run = 0; run < 300; run++) {
      const count = 1 + Math.floor(random() * 300);
      const cells = 1 + Math.floor(random() * 40);
      const share = [0, 0.01, 0.5, 0.99, 1][run % 5]!;
      const text = Array.from({ length: count }, () => random() < share ? "#" : ".").join("");
      const bar = pieceBar(pieces(text), cells);
      assertEquals(bar.length, cells);
      assertEquals(/^█+$/.test(bar), !text.includes("."), text);
      assertEquals(/^░+$/.test(bar), !text.includes("#"), text);
      checked++;
    }
    assertEquals(checked, 300);
  },
);

Deno.test("200,000 pieces are drawn in no time", pure, () => {
  const many = { count: 200_000, has: (piece: number) => piece % 3 === 0 };
  const startMs = performance.now();
  assertEquals(pieceBar(many, 32), "▃".repeat(32));
  assert(performance.now() - startMs < 200);
});

Deno.test(
  "in the progress line the pieces take the bar's place, and a plain bar theirs in ASCII",
  pure,
  () => {
    const line = {
      title: "größe.iso",
      fraction: 0.5,
      pieces: pieces("####....####...."),
      figures: ["50.0%", "↓ 1 MiB/s", "↑ 2 MiB/s"],
    };
    assertEquals(fitLine(line, 60), "größe.iso  █████░░░░░█████░░░░░  50.0%  ↓ 1 MiB/s  ↑ 2 MiB/s");
    assertEquals(
      fitLine(line, 70, "ascii"),
      "größe.iso  ############............  50.0%  down 1 MiB/s  up 2 MiB/s",
    );
    assertEquals(
      fitLine({ ...line, title: "a".repeat(40) }, 30, "ascii"),
      "aaaaaa~aaaaa  ####....  50.0%",
    );
  },
);
