import { assertEquals } from "@std/assert";
import {
  leecherProgram,
  linkCommand,
  localCommand,
  nameCommand,
  type Running,
} from "../../lib/cli/command_line/invocation.ts";

const pure = { permissions: "none" } as const;
const fromSource: Running = {
  standalone: false,
  execPath: "/usr/bin/deno",
  mainModule: "file:///home/ann/shoal/seeder.ts",
  denoVersion: "2.9.6",
  cwd: "/home/ann/shoal",
};

Deno.test("from source, the command runs the script that lies beside the seeder", pure, () => {
  assertEquals(leecherProgram(fromSource), "deno run -A leecher.ts");
  assertEquals(leecherProgram({ ...fromSource, cwd: "/home/ann" }), "deno run -A shoal/leecher.ts");
  assertEquals(
    leecherProgram({ ...fromSource, cwd: "/tmp" }),
    "deno run -A /home/ann/shoal/leecher.ts",
  );
});

Deno.test("a folder with a space in its name is quoted", pure, () => {
  const running = { ...fromSource, mainModule: "file:///home/my%20files/seeder.ts", cwd: "/tmp" };
  assertEquals(leecherProgram(running), "deno run -A '/home/my files/leecher.ts'");
});

Deno.test("run by npx, the command uses npx", pure, () => {
  const execPath = "/home/ann/.npm/_npx/0a1b/node_modules/@deno/linux-x64-glibc/deno";
  assertEquals(
    leecherProgram({ ...fromSource, execPath }),
    "npx -y deno@2.9.6 run -A leecher.ts",
  );
});

Deno.test("run from a URL, the command runs the leecher from there", pure, () => {
  const mainModule = "https://example.org/shoal/seeder.ts";
  assertEquals(
    leecherProgram({ ...fromSource, mainModule }),
    "deno run -A https://example.org/shoal/leecher.ts",
  );
});

Deno.test("a compiled seeder names the compiled leecher beside it", pure, () => {
  const compiled = { ...fromSource, standalone: true, execPath: "/home/ann/shoal/dist/seeder" };
  assertEquals(leecherProgram(compiled), "dist/leecher");
  assertEquals(leecherProgram({ ...compiled, cwd: "/home/ann/shoal/dist" }), "./leecher");
  assertEquals(leecherProgram({ ...compiled, cwd: "/opt" }), "/home/ann/shoal/dist/leecher");
});

Deno.test("the link is one quoted word", pure, () => {
  assertEquals(linkCommand("leecher", "magnet:?xt=a&dn=b"), "leecher 'magnet:?xt=a&dn=b'");
});

Deno.test("by name, the tracker is given unless it is the one asked by default", pure, () => {
  assertEquals(
    nameCommand("leecher", "file.iso", ["udp://10.0.0.2:6969"]),
    "leecher -t udp://10.0.0.2:6969 file.iso",
  );
  assertEquals(nameCommand("leecher", "file.iso", ["udp://127.0.0.1:6969"]), "leecher file.iso");
  assertEquals(
    nameCommand("leecher", "it's big.iso", ["udp://127.0.0.1:6969"]),
    `leecher 'it'\\''s big.iso'`,
  );
  assertEquals(nameCommand("leecher", "-x", ["udp://127.0.0.1:6969"]), "leecher -- -x");
});

Deno.test("on the local network the name is enough, quoted as the shell needs it", pure, () => {
  assertEquals(localCommand("leecher", "file.iso"), "leecher file.iso");
  assertEquals(localCommand("leecher", "a & b's $HOME.iso"), `leecher 'a & b'\\''s $HOME.iso'`);
  assertEquals(localCommand("leecher", "-x"), "leecher -- -x");
});

Deno.test("a name that would be taken for something else is not offered", pure, () => {
  const trackers = ["udp://127.0.0.1:6969"];
  const hashes = ["a".repeat(40), "A".repeat(64), "A".repeat(32), "b".repeat(41)];
  const names = ["a.torrent", "magnet:x", "evil\x1b[2J", "a/b", "", " a", "see magnet:?xt=a"];
  for (const name of [...names, ...hashes]) {
    assertEquals(nameCommand("leecher", name, trackers), undefined, name);
    assertEquals(localCommand("leecher", name), undefined, name);
  }
  assertEquals(nameCommand("leecher", "file.iso", []), undefined);
});
