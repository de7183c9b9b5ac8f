import { assertEquals, assertMatch } from "@std/assert";
import { LocalTracker } from "../../lib/client/local_tracker.ts";
import { isTracker, localTracker } from "../../lib/discovery/advertised_address.ts";
import { Tracker } from "../../mod.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A port that nobody listens on just now. */
async function freePort(): Promise<number> {
  await using tracker = await Tracker.listen({ port: 0 });
  return tracker.addr.port;
}

/** What a seeder hands over, and what it hears. */
function owner(port: number) {
  const heard: string[] = [];
  const clock = new FakeClock();
  const tookOver = Promise.withResolvers<void>();
  return {
    heard,
    clock,
    tookOver: tookOver.promise,
    options: {
      port,
      clock,
      externalIp: undefined,
      onWarning: (message: string) => void heard.push(message),
      onTakeOver: () => tookOver.resolve(),
    },
  };
}

Deno.test("of seeders that start together one hosts the tracker, and the others use that one", async () => {
  const port = await freePort();
  const owners = [owner(port), owner(port), owner(port)];
  const found = await Promise.all(owners.map(({ options }) => LocalTracker.find(options)));
  assertEquals(found.filter(({ isOwn }) => isOwn).length, 1);
  assertEquals(found.map(({ url }) => url), Array(3).fill(localTracker(port)));
  assertEquals(owners.flatMap(({ heard }) => heard), []);
  await Promise.all(found.map((tracker) => tracker.close()));
});

Deno.test("when the seeder that hosts the tracker leaves, another one hosts it", async () => {
  const port = await freePort();
  const [first, second] = [owner(port), owner(port)];
  const leaving = await LocalTracker.find(first.options);
  const staying = await LocalTracker.find(second.options);
  assertEquals([leaving.isOwn, staying.isOwn], [true, false]);
  await leaving.close();
  const turning = setInterval(() => void second.clock.advance(1), 50);
  await second.tookOver;
  clearInterval(turning);
  assertEquals([staying.isOwn, await isTracker(staying.url)], [true, true]);
  assertEquals(second.heard.length, 1);
  assertMatch(second.heard[0]!, /tracker on this machine is gone; this seeder hosts one/);
  await staying.close();
  assertEquals(await isTracker(staying.url), false);
});

Deno.test("a port that something else has taken is said so, and the tracker listens elsewhere", async () => {
  const other = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr as Deno.NetAddr;
  const seeder = owner(port);
  const tracker = await LocalTracker.find(seeder.options);
  assertMatch(
    seeder.heard[0]!,
    new RegExp(`^port ${port} is taken by something that is no tracker`),
  );
  assertEquals([tracker.isOwn, await isTracker(tracker.url)], [true, true]);
  await tracker.close();
  other.close();
});
