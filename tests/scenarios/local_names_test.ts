/**
 * Machines that know a name and nothing else: the local network tells them who has the file, and where a
 * tracker is.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import type { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import type { Lies } from "../support/network/local_liar.ts";
import {
  type EmptyNetwork,
  localNetworkTest,
  networkTest,
  twoNetworksTest,
} from "../support/network/network.ts";
import { NOTHING_SET, startOn } from "../support/network/users.ts";

const LENGTH = 3_000_000;
const NAME = "it's a file & more.bin";
/** A file to share. */
async function origin(temp: TempFolder, { name = NAME, seed = 1 } = {}): Promise<string> {
  const path = `${await temp.folder(`origin${seed}`)}/${name}`;
  await writePseudoRandomFile(path, LENGTH, seed);
  return path;
}

async function seed(machine: EmptyNetwork, path: string, ...args: string[]): Promise<Program> {
  const seeder = startOn(machine, "seeder", [path, "--no-cache", ...args]);
  await seeder.line(/^sharing until Ctrl-C$/);
  return seeder;
}

async function assertGot(leecher: Program, folder: string, path: string): Promise<void> {
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(leecher.stdout, [NAME], leecher.transcript());
  assertEquals(await sha256OfFile(`${folder}/${NAME}`), await sha256OfFile(path));
}

/** Somebody on this machine who answers every question, in these ways. */
async function liar(machine: EmptyNetwork, lies: Lies): Promise<Program> {
  const script = fromFileUrl(new URL("../support/network/local_liar.ts", import.meta.url));
  const words = ["run", "-A", "--unstable-net", script, JSON.stringify(lies)];
  const program = machine.start(Deno.execPath(), words);
  await program.line(/^lying$/);
  return program;
}

/** The times of the events of these types, in ms. */
function timesOf(program: Program, ...types: string[]): number[] {
  const events = program.stdout.map((line) => JSON.parse(line));
  return types.map((type) => Date.parse(events.find((event) => event.type === type).time));
}

localNetworkTest(
  "a file is found by its name within a second, with no tracker and nothing configured",
  2,
  async (left, right) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    await using seeder = await seed(left, path, "--no-tracker");
    const cwd = await temp.folder("copy");
    await using leecher = startOn(right, "leecher", [NAME, "-e", "--json"], { cwd });
    assertEquals(await leecher.exit(), 0, leecher.transcript());
    assertEquals(await sha256OfFile(`${cwd}/${NAME}`), await sha256OfFile(path));
    const [asked, found] = timesOf(leecher, "lookup", "listening");
    assert(found! - asked! < 1000, `found after ${found! - asked!} ms`);
    // The command that the seeder printed is no longer than that.
    assert(seeder.stderr.some((line) => line.endsWith(`leecher.ts 'it'\\''s a file & more.bin'`)));
  },
);

localNetworkTest(
  "a leecher that is complete answers for the seeder that has left",
  3,
  async (first, second, third) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    const cwd = await temp.folder("second");
    await using keeper = startOn(second, "leecher", [NAME], { cwd });
    assertEquals(await keeper.exit(), 3, "nobody has it yet");
    const seeder = await seed(first, path, "--no-tracker");
    await using next = startOn(second, "leecher", [NAME], { cwd });
    await next.line(/^complete, SHA-256 verified/);
    await seeder[Symbol.asyncDispose]();
    const copy = await temp.folder("third");
    await using last = startOn(third, "leecher", [NAME, "-e"], { cwd: copy });
    await assertGot(last, copy, path);
  },
);

localNetworkTest(
  "a tracker elsewhere answers for the peers that it knows, and is used",
  3,
  async (left, middle, right) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    await using tracker = startOn(middle, "tracker", []);
    await tracker.line(/^listening on UDP port 6969/);
    // This one can be found through the tracker alone.
    const hidden = ["--local-discovery", "off", "-t", "udp://10.77.0.2:6969"];
    await using _seeder = await seed(left, path, ...hidden);
    const cwd = await temp.folder("copy");
    await using leecher = startOn(right, "leecher", [NAME, "-e", "-v"], { cwd });
    await assertGot(leecher, cwd, path);
    assertMatch(
      leecher.stderr[0]!,
      /^looking for "it's a file & more\.bin" on the local network and the tracker$/,
    );
    assertMatch(leecher.stderr.join("\n"), /^tracker udp:\/\/10\.77\.0\.2:6969 answers/m);
  },
);

localNetworkTest(
  "a seeder without a tracker uses the one of the local network, says which, and goes on without it",
  3,
  async (left, middle, right) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    const tracker = startOn(left, "tracker", ["--interval", "1"]);
    await tracker.line(/^listening on UDP port 6969/);
    await using seeder = await seed(middle, path);
    await seeder.line(/^using the tracker udp:\/\/10\.77\.0\.1:6969 of the local network$/);
    await seeder.line(/^tracker udp:\/\/10\.77\.0\.1:6969$/);
    assertEquals(seeder.stderr.filter((line) => line.includes("hosting")), []);
    assertMatch(seeder.stdout[0]!, /&tr=udp%3A%2F%2F10\.77\.0\.1%3A6969&/);
    await tracker[Symbol.asyncDispose]();
    await seeder.line(/^warning: tracker udp:\/\/10\.77\.0\.1:6969 /);
    const cwd = await temp.folder("copy");
    await using leecher = startOn(right, "leecher", [NAME, "-e"], { cwd });
    await assertGot(leecher, cwd, path);
  },
);

localNetworkTest(
  "the tracker that a seeder hosts is found; -t, --no-tracker and a private torrent go before it",
  2,
  async (left, right) => {
    await using temp = await TempFolder.create();
    await using first = await seed(left, await origin(temp));
    await first.line(/^hosting a tracker too, at udp:\/\/10\.77\.0\.1:6969$/);
    const path = await origin(temp, { seed: 2 });
    for (
      const [args, says] of [
        [[], /^using the tracker udp:\/\/10\.77\.0\.1:6969 of the local network$/],
        [["--private"], /^hosting a tracker too/],
        [["--local-discovery", "off"], /^hosting a tracker too/],
        [["-t", "udp://10.77.0.2:7000"], /^tracker udp:\/\/10\.77\.0\.2:7000$/],
      ] as const
    ) {
      await using second = await seed(right, path, ...args);
      await second.line(says);
      const found = second.stderr.filter((line) => line.startsWith("using the tracker"));
      assertEquals(found.length, args.length === 0 ? 1 : 0, second.transcript());
    }
    await using alone = await seed(right, path, "--no-tracker");
    assertEquals(alone.stderr.filter((line) => line.includes("udp://")), []);
  },
);

localNetworkTest(
  "a hidden tracker is not found, and what is off neither asks nor answers",
  2,
  async (left, right) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    await using tracker = startOn(left, "tracker", ["--hidden"]);
    await tracker.line(/^listening on UDP port 6969/);
    const off = ["--local-discovery", "off"];
    await using _seeder = await seed(left, path, ...off);
    await using visible = startOn(right, "tracker", ["--interval", "1"]);
    await visible.line(/^listening on UDP port 6969/);
    await using _other = await seed(right, await origin(temp, { name: "other.bin", seed: 2 }));
    const cwd = await temp.folder("copy");
    await using asker = startOn(right, "leecher", [NAME, "-e"], { cwd });
    assertEquals(await asker.exit(), 3, asker.transcript());
    assertMatch(
      asker.stderr.at(-1)!,
      /^leecher: nobody on the local network has "it's a file & more\.bin", and nobody hosts "it's .*" at udp:\/\/127\.0\.0\.1:6969; /,
    );
    await using silent = startOn(left, "leecher", ["other.bin", "-e", ...off], { cwd });
    assertEquals(await silent.exit(), 3, silent.transcript());
    assertMatch(silent.stderr[0]!, /^looking for "other\.bin" on the tracker$/);
    assertMatch(silent.stderr.at(-1)!, /^leecher: nobody hosts "other\.bin" at udp:/);
  },
);

localNetworkTest(
  "without an answer the error says whom it asked: the local network, and which trackers",
  2,
  async (left, right) => {
    await using temp = await TempFolder.create();
    const cwd = await temp.folder("copy");
    await using _seeder = await seed(left, await origin(temp), "--private", "--no-tracker");
    await using alone = startOn(right, "leecher", [NAME], { cwd });
    assertEquals(await alone.exit(), 3, alone.transcript());
    assertMatch(
      alone.stderr.at(-1)!,
      /^leecher: nobody on the local network has "it's a file & more\.bin", and tracker udp:\/\/127\.0\.0\.1:6969 does not answer/,
    );
    await using named = startOn(right, "leecher", [NAME, "-t", "udp://10.77.0.1:7000"], { cwd });
    assertEquals(await named.exit(), 6, named.transcript());
    assertMatch(
      named.stderr.at(-1)!,
      /^leecher: nobody on the local network has .*, and tracker udp:\/\/10\.77\.0\.1:7000 /,
    );
  },
);

localNetworkTest(
  "a tracker that the user named goes before what the local network says",
  3,
  async (left, middle, right) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    await using _liar = await seed(left, await origin(temp, { seed: 2 }), "--no-tracker");
    await using tracker = startOn(middle, "tracker", ["--hidden"]);
    await tracker.line(/^listening on UDP port 6969/);
    const url = "udp://10.77.0.2:6969";
    await using _seeder = await seed(middle, path, "-t", url, "--local-discovery", "off");
    const cwd = await temp.folder("copy");
    await using leecher = startOn(right, "leecher", [NAME, "-e", "-t", url], { cwd });
    await assertGot(leecher, cwd, path);
    // Without it, the local network alone has the say, and it names the other one.
    const other = await temp.folder("other");
    await using trusting = startOn(right, "leecher", [NAME, "-e"], { cwd: other });
    assertEquals(await trusting.exit(), 0, trusting.transcript());
    assert(await sha256OfFile(`${other}/${NAME}`) !== await sha256OfFile(path));
  },
);

localNetworkTest(
  "a liar that answers every name is one claim among others",
  3,
  async (left, middle, right) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    await using seeder = await seed(left, path, "--no-tracker");
    const [, hash] = await seeder.line(/info-hash v1 ([0-9a-f]+)/);
    // Far more answers, with far more torrents, than it is worth to anybody.
    await using _liar = await liar(middle, { from: ["10.77.0.2"], answers: 10_000, entries: 17 });
    const cwd = await temp.folder("copy");
    await using leecher = startOn(right, "leecher", [NAME, "-e"], { cwd });
    assertEquals(await leecher.exit(), 3, leecher.transcript());
    assertMatch(
      leecher.stderr.join("\n"),
      /^leecher: \d+ different files are called it's a file & more\.bin; run the command again with the info-hash of the one you mean:$/m,
    );
    const lines = leecher.stderr.filter((line) => line.startsWith("  "));
    assertEquals(lines.length, 21, leecher.transcript());
    assertMatch(lines.at(-1)!, /^ {2}and \d+ more$/);
    const place = lines.findIndex((line) => line.startsWith(`  ${hash}  ${LENGTH} bytes, 1 seed`));
    assert(place === 0 || place === 1, leecher.transcript());
    // The user chooses.
    await using chosen = startOn(right, "leecher", [hash!, "-e"], { cwd });
    await assertGot(chosen, cwd, path);
  },
);

localNetworkTest(
  "who says of every name that it will have it soon delays nobody who has a limit, or whose file is there",
  3,
  async (left, middle, right) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    await using _seeder = await seed(left, path, "--no-tracker");
    await using _liar = await liar(middle, { from: ["10.77.0.2"], prepares: true });
    const cwd = await temp.folder("copy");
    await using leecher = startOn(right, "leecher", [NAME, "-e"], { cwd });
    await assertGot(leecher, cwd, path);
    assertEquals(leecher.stderr.filter((line) => line.startsWith("warning")), []);
    await using waiting = startOn(right, "leecher", ["other", "--timeout", "5"], { cwd });
    assertEquals(await waiting.exit(), 2, waiting.transcript());
    assertMatch(
      waiting.stderr[1]!,
      /^warning: 10\.77\.0\.2 is about to share "other", which is still being copied or hashed: /,
    );
    assertMatch(waiting.stderr.at(-1)!, /^leecher: not found within 5 s$/);
  },
);

localNetworkTest(
  "a machine that asks without end keeps nobody from an answer",
  3,
  async (left, middle, right) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    await using _seeder = await seed(left, path, "--no-tracker");
    await using _flood = await liar(middle, { from: [], asks: 10_000_000 });
    const cwd = await temp.folder("copy");
    await using leecher = startOn(right, "leecher", [NAME, "-e"], { cwd });
    await assertGot(leecher, cwd, path);
  },
);

localNetworkTest(
  "a name that fifty machines claim with fifty hashes is listed up to a bound",
  2,
  async (left, right) => {
    await using temp = await TempFolder.create();
    const from = Array.from({ length: 50 }, (_, i) => `10.77.0.${101 + i}`);
    await left.run(from.map((address) => `ip addr add ${address}/24 dev cable`).join("\n"));
    await using _liar = await liar(left, { from });
    const cwd = await temp.folder("copy");
    await using leecher = startOn(right, "leecher", [NAME, "-e"], { cwd });
    assertEquals(await leecher.exit(), 3, leecher.transcript());
    const [sentence, ...lines] = leecher.stderr.slice(-22);
    assertMatch(sentence!, /^leecher: 50 different files are called /);
    assertEquals(
      lines.slice(0, 20).filter((line) => /^ {2}[0-9a-f]{40} {2}5 bytes/.test(line)).length,
      20,
    );
    assertEquals(lines[20], "  and 30 more");
  },
);

localNetworkTest(
  "an answer from another network than ours is not heard",
  2,
  async (left, right) => {
    await using temp = await TempFolder.create();
    await left.run("ip addr add 192.168.7.1/24 dev cable");
    await right.run("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.cable.rp_filter=0");
    await using probe = right.start(Deno.execPath(), [
      ...["eval", "--unstable-net"],
      "const s=Deno.listenDatagram({transport:'udp',hostname:'10.77.0.2',port:7000});" +
      "console.log('ready');console.log((await s.receive())[1].hostname);",
    ]);
    await probe.line(/^ready$/);
    const send = "const s=Deno.listenDatagram({transport:'udp',hostname:'192.168.7.1',port:0});" +
      "await s.send(new Uint8Array(1),{transport:'udp',hostname:'10.77.0.2',port:7000})";
    await using sender = left.start(Deno.execPath(), ["eval", "--unstable-net", send]);
    await probe.line(/^192\.168\.7\.1$/); // such packets do arrive
    assertEquals(await sender.exit(), 0);
    await using far = await liar(left, { from: ["192.168.7.1"] });
    const cwd = await temp.folder("copy");
    await using leecher = startOn(right, "leecher", [NAME, "-e"], { cwd });
    await far.line(/^10\.77\.0\.2 asks /);
    assertEquals(await leecher.exit(), 3, leecher.transcript());
    assertMatch(leecher.stderr.at(-1)!, /^leecher: nobody on the local network has /);
  },
);

localNetworkTest(
  "who says to be a tracker and is none is not used as one",
  2,
  async (left, right) => {
    await using temp = await TempFolder.create();
    await using claimant = await liar(left, { from: ["10.77.0.1"], answers: 100 });
    await using seeder = await seed(right, await origin(temp));
    await claimant.line(/^10\.77\.0\.2 asks \{"type":"findTracker"/);
    await seeder.line(/^hosting a tracker too, at udp:\/\/10\.77\.0\.2:6969$/);
  },
);

localNetworkTest(
  "two files of one name are listed with what each has, and a seeder with two addresses counts once",
  3,
  async (left, middle, right) => {
    await using temp = await TempFolder.create();
    for (const [i, machine] of [left, middle, right].entries()) {
      await machine.run(`ip addr add fd77::${i + 1}/64 dev cable nodad`);
    }
    const paths = [await origin(temp), await origin(temp, { seed: 2 })];
    await using first = await seed(left, paths[0]!, "--no-tracker");
    await using second = await seed(middle, paths[1]!, "--no-tracker");
    const cwd = await temp.folder("copy");
    await using asker = startOn(right, "leecher", [NAME, "-e"], { cwd });
    assertEquals(await asker.exit(), 3, asker.transcript());
    const lines = asker.stderr.slice(-2).toSorted();
    const hashes: string[] = [];
    for (const seeder of [first, second]) {
      hashes.push((await seeder.line(/info-hash v1 ([0-9a-f]+)/))[1]!);
    }
    assertEquals(lines, hashes.map((hash) => `  ${hash}  ${LENGTH} bytes, 1 seeding`).toSorted());
    await using chosen = startOn(right, "leecher", ["-e", hashes[1]!], { cwd });
    await assertGot(chosen, cwd, paths[1]!);
  },
);

twoNetworksTest("a name is found over IPv6 alone", async (left, right) => {
  await using temp = await TempFolder.create();
  const path = await origin(temp);
  await left.link(right, ["fd77::1/64"], ["fd77::2/64"]);
  await using tracker = startOn(left, "tracker", []);
  await tracker.line(/^listening on UDP port 6969/);
  await using seeder = await seed(right, path);
  await seeder.line(/^using the tracker udp:\/\/\[fd77::1\]:6969 of the local network$/);
  const cwd = await temp.folder("copy");
  await using leecher = startOn(left, "leecher", [NAME, "-e"], { cwd });
  await assertGot(leecher, cwd, path);
});

networkTest(
  "on one machine without any network, the name is enough as well",
  async (machine) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    await using _seeder = await seed(machine, path, "--no-tracker");
    const cwd = await temp.folder("copy");
    await using leecher = startOn(machine, "leecher", [NAME, "-e"], { cwd });
    await assertGot(leecher, cwd, path);
  },
);

networkTest("where there is no network at all, the error says so", async (machine) => {
  await using temp = await TempFolder.create();
  await machine.run("ip link set lo down && ip addr flush dev lo");
  const cwd = await temp.folder("copy");
  await using leecher = startOn(machine, "leecher", [NAME], { cwd });
  assertEquals(await leecher.exit(), 6, leecher.transcript());
  assertMatch(
    leecher.stderr.at(-1)!,
    /^leecher: the local network cannot be asked for "it's a file & more\.bin" \(there is no network\), and tracker udp:/,
  );
});

networkTest(
  "a link that the shell has cut is said to be one, and is gone on with",
  async (machine) => {
    await using temp = await TempFolder.create();
    const path = await origin(temp);
    await using seeder = await seed(machine, path, "--no-tracker");
    const link = seeder.stdout[0]!;
    const cwd = await temp.folder("copy");
    // A shell cuts it there, and goes on with the rest as if each part were a command.
    const script = fromFileUrl(new URL("../../leecher.ts", import.meta.url));
    const command = `'${Deno.execPath()}' run -A ${script} -e ${link.split("&")[0]}& wait $!`;
    await using leecher = machine.start("sh", ["-c", command], { cwd, env: NOTHING_SET });
    await assertGot(leecher, cwd, path);
    assertMatch(leecher.stderr[0]!, /^warning: this link has nothing but its hash: a shell cuts /);
  },
);
