import { assertEquals, assertLessOrEqual } from "@std/assert";
import {
  clip,
  clipMiddle,
  displayWidth,
  foreign,
  printable,
  shellQuote,
} from "../../lib/cli/text/terminal_text.ts";

const pure = { permissions: "none" } as const;

Deno.test("a stranger's text cannot drive the terminal", pure, () => {
  assertEquals(printable("\x1b[2J\x1b]0;owned\x07file\x9b31m.iso\x7f"), "[2J]0;ownedfile31m.iso");
});

Deno.test("a stranger's text cannot start a new line of its own", pure, () => {
  assertEquals(
    printable("no such torrent\r\nseeder: all is well\u2028x"),
    "no such torrent seeder: all is well x",
  );
});

Deno.test("a name cannot be shown in another order than it has", pure, () => {
  assertEquals(printable("invoice\u202efdp.exe"), "invoicefdp.exe");
});

Deno.test("names in any script are shown as they are", pure, () => {
  const names = ["größe.iso", "文件.iso", "файл.iso", "👩‍🚀.iso", "e\u0301.iso"];
  for (const name of names) assertEquals(printable(name), name);
});

Deno.test("every control character is stripped", pure, () => {
  const codes = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, i) => 127 + i)];
  let stripped = 0;
  for (const code of codes) {
    const shown = printable(`a${String.fromCharCode(code)}b`);
    assertEquals(shown.replace(" ", ""), "ab");
    stripped++;
  }
  assertEquals(stripped, 65);
});

Deno.test("a stranger's text is of bounded length in a sentence", pure, () => {
  assertLessOrEqual(displayWidth(foreign("x".repeat(60_000))), 200);
});

Deno.test("width is counted in terminal cells", pure, () => {
  assertEquals(displayWidth("abc"), 3);
  assertEquals(displayWidth("文件"), 4);
  assertEquals(displayWidth("e\u0301"), 1);
});

Deno.test("a clipped text is never wider than asked for, at any width", pure, () => {
  const texts = [
    "ubuntu-24.04.iso",
    "文件文件文件.iso",
    "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301",
    "",
  ];
  let checked = 0;
  for (const text of texts) {
    for (let cells = 0; cells < 20; cells++) {
      assertLessOrEqual(displayWidth(clip(text, cells)), cells);
      assertLessOrEqual(displayWidth(clipMiddle(text, cells)), cells);
      checked++;
    }
  }
  assertEquals(checked, 80);
});

Deno.test("a long name keeps its extension", pure, () => {
  assertEquals(clipMiddle("ubuntu-24.04-desktop-amd64.iso", 15), "ubuntu-…d64.iso");
});

Deno.test("a plain word needs no quotes", pure, () => {
  assertEquals(shellQuote("udp://10.0.0.2:6969/announce"), "udp://10.0.0.2:6969/announce");
});

Deno.test("a link is quoted for the shell", pure, () => {
  assertEquals(shellQuote("magnet:?xt=urn:btih:ab&dn=x"), "'magnet:?xt=urn:btih:ab&dn=x'");
});

Deno.test("the empty word, quotes, dollars and spaces survive the shell", async () => {
  const words = ["", "it's", '$HOME `id` \\ "x"', "a  b", "!!", "*", "~", "new\nline", "-n"];
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `printf '%s\\0' ${words.map(shellQuote).join(" ")}`],
  }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
});
