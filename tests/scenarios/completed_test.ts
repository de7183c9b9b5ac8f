/**
 * How often a file was downloaded: what trackers count of leechers that leave as soon as they can.
 * @module
 */

import { assertEquals } from "@std/assert";
import { fromHex } from "../../lib/codec/bytes.ts";
import { UdpTrackerClient } from "../../lib/discovery/tracker_client.ts";
import { type SwarmEvent, Tracker } from "../../mod.ts";
import { Program } from "../../support/process.ts";
import { TempFolder } from "../../support/temp.ts";
import { LOCAL, makeOrigin, seed, withinReason } from "../support/clients/library.ts";
import { startLeecher } from "../support/clients/shoal.ts";

/** A tracker that keeps what happens in its swarms. */
class Counting implements AsyncDisposable {
  readonly events: SwarmEvent[] = [];
  readonly #tracker: Tracker;
  #onEvent = Promise.withResolvers<void>();

  private constructor(tracker: Tracker) {
    this.#tracker = tracker;
    tracker.on((event) => {
      if (event.type === "warning") return;
      this.events.push(event);
      this.#onEvent.resolve();
      this.#onEvent = Promise.withResolvers();
    });
  }

  static async start(): Promise<Counting> {
    return new Counting(await Tracker.listen({ ...LOCAL, intervalSeconds: 60 }));
  }

  get url(): string {
    return `udp://127.0.0.1:${this.#tracker.addr.port}`;
  }

  /** What those who are not at `port` did in the swarm, once they have left it. */
  async story(infoHash: string, port: number): Promise<string[]> {
    const told = () =>
      this.events.filter((event) => event.infoHash === infoHash && event.port !== port)
        .map(({ type }) => type);
    const over = async () => {
      while (told().at(-1) !== "left") await this.#onEvent.promise;
    };
    await withinReason(over(), () => `nobody has left: ${told()}`);
    return told();
  }

  /** How often the torrent was downloaded, by a scrape (BEP 15). */
  async downloads(infoHash: string): Promise<number> {
    await using client = new UdpTrackerClient(this.url);
    const [counts] = await client.scrape([fromHex(infoHash)]);
    return counts!.completed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#tracker.close();
  }
}

/** A shared file, two trackers that know of it, and both of the torrent's swarms. */
async function stage() {
  const temp = await TempFolder.create();
  const trackers = [await Counting.start(), await Counting.start()];
  const urls = trackers.map(({ url }) => url);
  const { path } = await makeOrigin(temp, 200_000);
  const seeder = await seed(path, { trackers: urls });
  const { torrent: { v1Hash, v2Hash }, port } = seeder;
  const swarms = [v1Hash!, v2Hash!.slice(0, 40)];
  return {
    temp,
    seeder,
    folder: `${temp.join("copy")}/`,
    /** Both trackers, in both swarms: what the others did, and how many downloads a scrape counts. */
    async counted(): Promise<[string[], number][]> {
      return await Promise.all(
        trackers.flatMap((tracker) =>
          swarms.map(async (swarm): Promise<[string[], number]> => [
            await tracker.story(swarm, port),
            await tracker.downloads(swarm),
          ])
        ),
      );
    },
    async [Symbol.asyncDispose]() {
      await seeder.close();
      for (const tracker of trackers) await tracker[Symbol.asyncDispose]();
      await temp[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a leecher that leaves when complete counts as a download, with every tracker and in both swarms", async () => {
  await using it = await stage();
  await using leecher = startLeecher(it.seeder.magnet, it.folder);
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(await it.counted(), Array(4).fill([["joined", "completed", "left"], 1]));
});

Deno.test("a leecher that is stopped the moment it is complete counts as well", async () => {
  await using it = await stage();
  const words = ["--host", "127.0.0.1", "-p", "0", "--json", "-o", it.folder];
  await using leecher = Program.shoal("leecher", [it.seeder.magnet, ...words]);
  await leecher.line(/^{"type":"complete"/, { from: "stdout" });
  leecher.kill("SIGINT");
  assertEquals(await leecher.exit(), 0, leecher.transcript());
  assertEquals(await it.counted(), Array(4).fill([["joined", "completed", "left"], 1]));
});

Deno.test("a leecher that had everything already counts no second time", async () => {
  await using it = await stage();
  for (const _ of ["gets it", "has it"]) {
    await using leecher = startLeecher(it.seeder.magnet, it.folder);
    assertEquals(await leecher.exit(), 0, leecher.transcript());
  }
  const both = ["joined", "completed", "left", "joined", "left"];
  const counted = await it.counted();
  assertEquals(counted, Array(4).fill([both, 1]));
});
