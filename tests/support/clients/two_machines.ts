/**
 * A swarm on two machines, so to speak: on one our tracker and our seeder, which comes last, on the other
 * the leechers. There are programs, Transmission and rTorrent among them, that keep one connection to an
 * address.
 * @module
 */

import { fromFileUrl } from "@std/path";
import type { TorrentFormat } from "../../../support/libtorrent.ts";
import type { Program } from "../../../support/process.ts";
import type { TempFolder } from "../../../support/temp.ts";
import { EmptyNetwork } from "../network/network.ts";
import { torrentOf } from "./library.ts";
import type { MembersPlan } from "./swarm_members.ts";

const [LEFT, RIGHT] = ["10.77.0.1", "10.77.0.2"];

/** What is shared, with whom and how fast. */
export interface SwarmPlan extends Pick<MembersPlan, "client" | "theirs" | "ours"> {
  /** The file or folder. */
  readonly content: string;
  readonly temp: TempFolder;
  readonly format: TorrentFormat;
  readonly pieceLength: number;
  /** Of our seeder. */
  readonly bytesPerSecond: number;
}

/** Lets it run: `body` gets the seeder and the program that tells of the leechers. */
export async function onTwoMachines(
  plan: SwarmPlan,
  body: (seeder: Program, members: Program) => Promise<void>,
): Promise<void> {
  const { content, temp, format, pieceLength, bytesPerSecond, ...leechers } = plan;
  await using left = await EmptyNetwork.create();
  await using right = await EmptyNetwork.create(left);
  await left.link(right, [`${LEFT}/24`], [`${RIGHT}/24`]);
  const own = ["--host", LEFT, "-v"];
  await using server = startDeno(left, "../../../tracker.ts", [...own, "--interval", "1"]);
  const [tracker] = await server.line(/^udp:\S+/, { from: "stdout" });
  const made = await torrentOf(content, { format, pieceLength, trackers: [tracker] });
  const torrent = await temp.file("b.torrent", new Uint8Array(made.toBytes()));
  const members: MembersPlan = { ...leechers, host: RIGHT, torrent };
  await using program = startDeno(right, "swarm_members.ts", [JSON.stringify(members)]);
  await program.line(/^ready$/);
  const shape = ["--format", format, "--piece-size", `${pieceLength}`, "--no-cache"];
  const how = ["--tracker", tracker, "--upload-limit", `${bytesPerSecond}`];
  const words = [content, ...own, ...shape, ...how];
  await using seeder = startDeno(left, "../../../seeder.ts", words);
  await body(seeder, program);
}

function startDeno(network: EmptyNetwork, script: string, args: string[]): Program {
  const path = fromFileUrl(new URL(script, import.meta.url));
  return network.start(Deno.execPath(), ["run", "-A", path, ...args]);
}
