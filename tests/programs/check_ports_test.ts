/**
 * `--check-ports`: a peer behind a firewall hears of it.
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { TrackerSnapshot, TransferSnapshot } from "../../lib/ui/snapshot.ts";
import type { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { makeOrigin } from "../support/clients/library.ts";
import { ShoalSeeder, ShoalTracker } from "../support/clients/shoal.ts";
import { type EmptyNetwork, twoNetworksTest } from "../support/network/network.ts";
import { EventFollower } from "../support/page/event_source.ts";
import { eventsIn } from "../support/project/event_schema.ts";

const UI = ["--ui", "127.0.0.1:0"];

function unreachable(port: number | string): string {
  return `port ${port} unreachable from the tracker: others cannot connect to this machine; ` +
    `open TCP port ${port} in the firewall`;
}

async function follow(program: Program): Promise<EventFollower> {
  const [, url] = await program.line(/^page: (http:\/\/127\.0\.0\.1:\d+\/)$/, { from: "stderr" });
  return await EventFollower.open(url!);
}

Deno.test({
  name:
    "a seeder that the tracker cannot connect to says so once, as do its page and the tracker's",
  ignore: Deno.build.os !== "linux", // where 127.0.0.2 is an address of its own
  async fn() {
    await using temp = await TempFolder.create();
    const { path } = await makeOrigin(temp, 100_000, { name: "a.iso" });
    await using tracker = await ShoalTracker.start(["--check-ports", ...UI]);
    // It listens on one address and announces from another, at which nobody listens.
    const deaf = ["--host", "127.0.0.2", "-t", tracker.url, ...UI];
    await using shut = await ShoalSeeder.start(path, deaf);
    await using open = await ShoalSeeder.start(path, ["-t", tracker.url, ...UI]);
    const port = Number(shut.address.split(":")[1]);

    await using page = await follow(shut.program);
    const state = await page.state<TransferSnapshot>(({ reachable }) => reachable !== undefined);
    assertEquals([state.reachable, state.port, state.tone], ["no", port, "wait"]);
    assert(state.sentence.startsWith(`sharing: port ${port} unreachable from the tracker`));
    await shut.program.line(/^warning: port/);
    const warnings = shut.program.stderr.filter((line) => line.startsWith("warning: "));
    assertEquals(warnings, [`warning: ${unreachable(port)}`]);

    await using other = await follow(open.program);
    const reached = await other.state<TransferSnapshot>(({ reachable }) => reachable !== undefined);
    assertEquals([reached.reachable, reached.tone], ["yes", "good"]);
    await open.program.line(/^TCP port \d+ can be reached from tracker udp:/);
    assert(!open.program.stderr.some((line) => line.startsWith("warning: ")));

    const [, trackerPage] = await tracker.program.line(/^page: (\S+)$/, { from: "stderr" });
    const v2 = shut.hashes.v2!;
    const response = await fetch(new URL(`/api/state?swarm=${v2}`, trackerPage!));
    const { selected } = await response.json() as TrackerSnapshot;
    assertEquals(selected!.rollCall, "2 of 2 complete, 1 unreachable");
    const seen = selected!.peers.map(({ address, reachable }) => `${address} ${reachable}`);
    assertEquals(seen.sort(), [`127.0.0.1:${port} no`, `${open.address} yes`].sort());
  },
});

function startIn(network: EmptyNetwork, script: string, args: string[]): Program {
  const path = fromFileUrl(new URL(`../../${script}.ts`, import.meta.url));
  return network.start(Deno.execPath(), ["run", "-A", path, ...args]);
}

twoNetworksTest(
  "a firewall that drops what comes in is noticed, though announces get through",
  async (left, right) => {
    await left.link(right, ["10.0.0.1/24"], ["10.0.0.2/24"]);
    // Nothing that its TCP port sends leaves the machine: to others it is as if nothing came in.
    await right.run("ip rule add ipproto tcp sport 6881 iif lo priority 1 blackhole");
    await using temp = await TempFolder.create();
    const { path } = await makeOrigin(temp, 100_000, { name: "a.iso" });
    await using tracker = startIn(left, "tracker", ["--check-ports", "--host", "10.0.0.1"]);
    const [url] = await tracker.line(/^udp:\S+/, { from: "stdout" });
    const words = ["--local-discovery", "off", "--no-cache", "--json", "-t", url];
    await using seeder = startIn(right, "seeder", [path, "-p", "6881", ...words]);
    const [line] = await seeder.line(/^\{"type":"reach".*$/, { from: "stdout" });
    const { time: _, ...event } = eventsIn([line])[0]!;
    assertEquals(event, { type: "reach", port: 6881, reachable: false, tracker: url });
    await seeder.line(/^warning: port 6881 unreachable/);
    assertEquals(
      seeder.stderr.filter((line) => line.startsWith("warning: ")),
      [`warning: ${unreachable(6881)}`],
    );
  },
);
