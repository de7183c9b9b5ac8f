/**
 * What a laptop and a container host do to addresses and interfaces, while programs of ours run.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { sha256OfFile, writePseudoRandomFile } from "../../support/content.ts";
import type { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { type EmptyNetwork, networkTest, twoNetworksTest } from "../support/network/network.ts";

/** Starts a program of Shoal's in a network, as its user does there. */
function start(network: EmptyNetwork, script: string, ...args: string[]): Program {
  const path = fromFileUrl(new URL(`../../${script}.ts`, import.meta.url));
  const env = { SHOAL_LOCAL_DISCOVERY: "off" };
  return network.start(Deno.execPath(), ["run", "-A", path, "-v", ...args], { env });
}

/** A file to share, and a folder for the copy. */
async function setUp(temp: TempFolder, length: number): Promise<{ origin: string; copy: string }> {
  const origin = temp.join("file.bin");
  await writePseudoRandomFile(origin, length, 1);
  return { origin, copy: `${await temp.folder("copy")}/` };
}

async function assertGot(leecher: Program, origin: string): Promise<void> {
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(await sha256OfFile(leecher.stdout[0]!), await sha256OfFile(origin));
}

twoNetworksTest(
  "a seeder that gets another address is there again within seconds",
  async (left, right) => {
    await using temp = await TempFolder.create();
    const { origin, copy } = await setUp(temp, 3_000_000);
    await left.link(right, ["10.77.0.1/24"], ["10.77.0.2/24"]);
    await using tracker = start(right, "tracker");
    const url = "udp://10.77.0.2:6969";
    await tracker.line(/listening on/);
    await using seeder = start(left, "seeder", origin, "--no-cache", "-t", url);
    await seeder.line(/sharing until/);
    const slowly = ["--download-limit", "700K"];
    await using leecher = start(
      right,
      "leecher",
      "file.bin",
      "-t",
      url,
      "-e",
      "-o",
      copy,
      ...slowly,
    );
    await leecher.line(/^chunk \d+ of \d+ verified/);
    await left.run("ip addr del 10.77.0.1/24 dev cable && ip addr add 10.77.0.77/24 dev cable");
    await seeder.line(/^10\.77\.0\.2:\d+.*our address has changed/);
    await assertGot(leecher, origin);
    assertMatch(leecher.stderr.join("\n"), /10\.77\.0\.77/);
  },
);

twoNetworksTest(
  "a link names the network that a default route leads to, and a container can fetch by it",
  async (left, right) => {
    await using temp = await TempFolder.create();
    const { origin, copy } = await setUp(temp, 300_000);
    // The system lists the bridge first; there is nothing behind it.
    await left.run("ip link add docker0 type veth peer name end");
    await left.run("ip addr add 172.17.0.1/16 dev docker0 && ip link set docker0 up");
    await left.link(right, ["10.77.0.1/24"], ["10.77.0.2/24"]);
    await left.run("ip route add default via 10.77.0.2");
    await using seeder = start(left, "seeder", origin, "--no-cache");
    const [link] = await seeder.line(/^magnet:\S+/, { from: "stdout" });
    assertMatch(decodeURIComponent(link), /x\.pe=10\.77\.0\.1:\d+/);
    assertMatch(decodeURIComponent(link), /tr=udp:\/\/10\.77\.0\.1:6969/);
    await using leecher = start(right, "leecher", link, "-e", "-o", copy);
    await assertGot(leecher, origin);
  },
);

twoNetworksTest("machines that have IPv6 alone share by link and by name", async (left, right) => {
  await using temp = await TempFolder.create();
  const { origin, copy } = await setUp(temp, 300_000);
  for (const network of [left, right]) await network.run("ip addr del 127.0.0.1/8 dev lo");
  await left.link(right, ["fd77::1/64"], ["fd77::2/64"]);
  await using seeder = start(left, "seeder", origin, "--no-cache");
  const [link] = await seeder.line(/^magnet:\S+/, { from: "stdout" });
  assertMatch(decodeURIComponent(link), /x\.pe=\[fd77::1\]:\d+/);
  assertMatch(decodeURIComponent(link), /tr=udp:\/\/\[fd77::1\]:6969/);
  await using byLink = start(right, "leecher", link, "-e", "-o", copy);
  await assertGot(byLink, origin);
  const named = ["-t", "udp://[fd77::1]:6969", "-e", "-o", `${copy}again.bin`];
  await using byName = start(right, "leecher", "file.bin", ...named);
  await assertGot(byName, origin);
  await using onSameMachine = start(left, "leecher", "file.bin", "-e", "-o", `${copy}here.bin`);
  await assertGot(onSameMachine, origin);
});

networkTest(
  "a machine whose own name leads to loopback is named by its address",
  async (network) => {
    await using temp = await TempFolder.create();
    const { origin } = await setUp(temp, 300_000);
    await network.run("ip link add lan type veth peer name end && ip link set end up");
    await network.run("ip link set lan up && ip addr add 10.77.0.1/24 dev lan");
    await using tracker = start(network, "tracker", "-p", "7969");
    assertEquals((await tracker.line(/^udp:\S+/, { from: "stdout" }))[0], "udp://10.77.0.1:7969");
    const url = "udp://localhost.:7969"; // a name of which every machine knows where it leads
    await using seeder = start(network, "seeder", origin, "--no-cache", "-t", url);
    const [link] = await seeder.line(/^magnet:\S+/, { from: "stdout" });
    assertMatch(decodeURIComponent(link), /tr=udp:\/\/10\.77\.0\.1:7969/);
  },
);

networkTest(
  "a machine with link-local addresses alone is told what its link is good for",
  async (network) => {
    await using temp = await TempFolder.create();
    const { origin } = await setUp(temp, 300_000);
    await network.run("ip link add lan type veth peer name end && ip link set end up");
    await network.run("ip link set lan up");
    await network.run(
      "until ip -6 addr show dev lan scope link | grep -q fe80; do sleep 0.05; done",
    );
    await using seeder = start(network, "seeder", origin, "--no-cache", "--no-tracker");
    await seeder.line(/^warning: this machine has only link-local IPv6 addresses/);
  },
);

networkTest("a machine without any network shares with itself", async (network) => {
  await using temp = await TempFolder.create();
  const { origin, copy } = await setUp(temp, 300_000);
  await using seeder = start(network, "seeder", origin, "--no-cache");
  const [link] = await seeder.line(/^magnet:\S+/, { from: "stdout" });
  assert(decodeURIComponent(link).includes("x.pe=127.0.0.1:"), link);
  await using leecher = start(network, "leecher", "file.bin", "-e", "-o", copy);
  await assertGot(leecher, origin);
});
