/**
 * Machines that know no address of each other and no tracker: they find each other on the local network.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import type { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import {
  type EmptyNetwork,
  networkTest,
  probe,
  twoNetworksTest,
} from "../support/network/network.ts";

const LENGTH = 3_000_000;
const LOOKS = /^looking for peers on the local network, from (\S.*)$/;

/** Starts a program of Shoal's in a network, as its user does there. */
function start(
  network: EmptyNetwork,
  script: "seeder" | "leecher",
  args: string[],
  env: Record<string, string> = { SHOAL_LOCAL_DISCOVERY: "on" },
): Program {
  const path = fromFileUrl(new URL(`../../${script}.ts`, import.meta.url));
  return network.start(Deno.execPath(), ["run", "-A", path, "-v", ...args], { env });
}

function seed(network: EmptyNetwork, path: string, ...args: string[]): Program {
  return start(network, "seeder", [path, "--no-cache", "--no-tracker", ...args]);
}

async function hashOf(seeder: Program, version: "v1" | "v2" = "v1"): Promise<string> {
  const [, hash] = await seeder.line(new RegExp(`info-hash ${version} ([0-9a-f]+)`));
  return hash!;
}

async function assertGot(leecher: Program, origin: string): Promise<void> {
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  const [path, ...more] = leecher.stdout;
  assert(path && more.length === 0, leecher.transcript());
  assertEquals(await sha256OfFile(path), await sha256OfFile(origin));
}

/** A file to share, and a folder for the copy. */
async function setUp(temp: TempFolder): Promise<{ origin: string; copy: string }> {
  const origin = temp.join("file.bin");
  await writePseudoRandomFile(origin, LENGTH, 1);
  return { origin, copy: `${await temp.folder("copy")}/` };
}

twoNetworksTest(
  "two machines with no tracker at all find each other and complete",
  async (left, right) => {
    await using temp = await TempFolder.create();
    const { origin, copy } = await setUp(temp);
    await left.link(right, ["10.77.0.1/24"], ["10.77.0.2/24"]);
    await using seeder = seed(left, origin);
    const hash = await hashOf(seeder);
    assertEquals((await seeder.line(LOOKS))[1], "10.77.0.1");
    await using leecher = start(right, "leecher", [hash, "-e", "-o", copy]);
    await assertGot(leecher, origin);
    assertMatch(leecher.stderr.join("\n"), /^connected to 10\.77\.0\.1:/m);
    const troubles = [...seeder.stderr, ...leecher.stderr].filter((line) =>
      line.startsWith("tracker ")
    );
    assertEquals(troubles, [], "a tracker that nobody named is not missed");
  },
);

twoNetworksTest("a leecher that comes first waits for the local network", async (left, right) => {
  await using temp = await TempFolder.create();
  const { origin, copy } = await setUp(temp);
  await left.link(right, ["10.77.0.1/24"], ["10.77.0.2/24"]);
  let hash: string;
  {
    await using seeder = seed(left, origin);
    hash = await hashOf(seeder, "v2");
  }
  await using leecher = start(right, "leecher", [
    `magnet:?xt=urn:btmh:1220${hash}`,
    "-e",
    "-o",
    copy,
  ]);
  await leecher.line(
    /^waiting: nobody on the local network shares it yet, and no tracker was given; name one /,
  );
  await using seeder = seed(left, origin);
  await hashOf(seeder);
  const sinceMs = performance.now();
  await assertGot(leecher, origin);
  const seconds = (performance.now() - sinceMs) / 1000;
  assert(seconds < 8, `found each other after ${seconds} s`);
});

twoNetworksTest("machines that have IPv6 alone find each other", async (left, right) => {
  await using temp = await TempFolder.create();
  const { origin, copy } = await setUp(temp);
  await left.link(right, ["fd77::1/64"], ["fd77::2/64"]);
  await using seeder = seed(left, origin);
  await using leecher = start(right, "leecher", [await hashOf(seeder), "-e", "-o", copy]);
  await assertGot(leecher, origin);
  assertMatch(leecher.stderr.join("\n"), /^connected to \[fd77::1\]:/m);
});

networkTest("noise and lies on the local network stop nobody", async (network) => {
  await using temp = await TempFolder.create();
  const { origin, copy } = await setUp(temp);
  await using seeder = seed(network, origin);
  const hash = await hashOf(seeder);
  await using liar = await probe(network);
  const search = (port: number | string, infoHash: string) =>
    `send BT-SEARCH * HTTP/1.1\\nPort: ${port}\\nInfohash: ${infoHash}\\n\\n\\n`;
  for (let i = 0; i < 30; i++) {
    await liar.input(`send noise ${i}`);
    await liar.input(search(20_000 + i, "ab".repeat(20)));
    await liar.input(search(20_000 + i, hash));
    await liar.input(search(i % 2 === 0 ? 0 : "none", hash));
  }
  await seeder.line(/^127\.0\.0\.1:200\d\d is away: refuses connections/);
  await using leecher = start(network, "leecher", [hash, "-e", "-o", copy]);
  await assertGot(leecher, origin);
});

networkTest("a torrent that turns out to be private is called out no more", async (network) => {
  await using temp = await TempFolder.create();
  const { origin, copy } = await setUp(temp);
  await using seeder = start(network, "seeder", [
    origin,
    "--no-cache",
    "--no-tracker",
    "--private",
  ]);
  const hash = await hashOf(seeder);
  const [, port] = await seeder.line(/^listening on TCP port (\d+)$/);
  await using listener = await probe(network);
  // Until its description is here nobody can know.
  const args = [hash, "--peer", `127.0.0.1:${port}`, "-o", copy];
  await using leecher = start(network, "leecher", args);
  await leecher.line(/^complete, SHA-256 verified/);
  // The second call would come two seconds after the first.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  await listener.input("send the end");
  await listener.line(/the end$/);
  const calls = listener.stdout.filter((line) => line.includes("BT-SEARCH"));
  assert(calls.length <= 1, `${calls.length} calls`);
});

networkTest("two programs on a machine without any network find each other", async (network) => {
  await using temp = await TempFolder.create();
  const { origin, copy } = await setUp(temp);
  await using seeder = seed(network, origin);
  await using leecher = start(network, "leecher", [await hashOf(seeder), "-e", "-o", copy]);
  await assertGot(leecher, origin);
});

networkTest(
  "local discovery is left to what the user wants and the torrent allows",
  async (network) => {
    await using temp = await TempFolder.create();
    const { origin, copy } = await setUp(temp);
    const torrent = temp.join("private.torrent");
    const off = { SHOAL_LOCAL_DISCOVERY: "off" };
    const silent: [string[], Record<string, string>?][] = [
      [["--local-discovery", "off"]],
      [["--host", "127.0.0.1", "-p", "0"]],
      [["--private", "-o", torrent]],
      [[], off],
    ];
    for (const [args, env] of silent) {
      const words = [origin, "--no-cache", "--no-tracker", ...args];
      await using seeder = start(network, "seeder", words, env);
      await seeder.line(/^sharing until/);
      assertEquals(seeder.stderr.filter((line) => line.includes("local network")), []);
    }
    await using leecher = start(network, "leecher", [torrent, "-o", copy]);
    await leecher.line(/^waiting: no tracker and no peer was given/);
    assertEquals(leecher.stderr.filter((line) => LOOKS.test(line)), []);
    await using bound = seed(network, origin, "-n", "other");
    await bound.line(LOOKS);
  },
);

networkTest(
  "where there is no network at all a program says so to those who ask, and goes on",
  async (network) => {
    await network.run("ip link set lo down && ip addr flush dev lo");
    await using temp = await TempFolder.create();
    const { origin } = await setUp(temp);
    await using seeder = seed(network, origin);
    await seeder.line(/^no peers can be looked for on the local network: there is no network$/);
    await seeder.line(/^sharing until/);
  },
);
