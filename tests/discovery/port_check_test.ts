/**
 * How a peer asks trackers whether others can connect to it.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import {
  decodeRequest,
  encodeResponse,
  type Reach,
} from "../../lib/codec/discovery/udp_tracker.ts";
import { PortCheck } from "../../lib/discovery/port_check.ts";
import { TrackerErrorResponse, UdpTrackerClient } from "../../lib/discovery/tracker_client.ts";
import { NetworkError } from "../../lib/errors.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeTracker } from "../support/network/udp_peer.ts";

/** What a tracker says each time; the last of these from then on. */
type Script = (Reach | "error" | "silence")[];

function setUp(scripts: Record<string, Script>) {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  /** When whom. */
  const asked: [number, string][] = [];
  const answers: [boolean, string][] = [];
  let open = 0;
  const inquiry = new PortCheck({
    port: 6881,
    clock,
    onAnswer: (reachable, tracker) => answers.push([reachable, tracker]),
    clientFor: (url) => {
      open++;
      return {
        async reach(port, { giveUpSeconds, signal } = {}) {
          assertEquals([port, giveUpSeconds], [6881, 4]);
          asked.push([(clock.nowMs() - startMs) / 1000, url]);
          const script = scripts[url]!;
          const says = script.length > 1 ? script.shift()! : script[0]!;
          if (says === "silence") await clock.sleep(4000, signal);
          if (says === "silence" || says === "error") throw new NetworkError(says);
          return says;
        },
        close: () => Promise.resolve(void open--),
      };
    },
  });
  return { clock, asked, answers, inquiry, open: () => open };
}

Deno.test("a tracker that knows nothing is asked four times, and then no more", async () => {
  const { clock, asked, answers, inquiry, open } = setUp({ a: ["unknown"] });
  inquiry.ask("a");
  await clock.advance(1000);
  inquiry.ask("a");
  await clock.advance(1000);
  assertEquals(asked, [[2, "a"], [8, "a"], [40, "a"], [240, "a"]]);
  assertEquals([answers, inquiry.reachable, open()], [[], undefined, 0]);
  await inquiry.close();
});

Deno.test("a tracker that answers with an error, or not at all, is asked once", async () => {
  const { clock, asked, inquiry } = setUp({ a: ["error"], b: ["silence"] });
  inquiry.ask("a");
  inquiry.ask("b");
  await clock.advance(1000);
  assertEquals([asked, inquiry.reachable], [[[2, "a"], [2, "b"]], undefined]);
  await inquiry.close();
});

Deno.test("the first tracker that knows is believed, and told of once", async () => {
  const scripts: Record<string, Script> = { a: ["unknown", "unreachable"], b: ["unreachable"] };
  const { clock, asked, answers, inquiry } = setUp(scripts);
  inquiry.ask("a");
  inquiry.ask("b");
  await clock.advance(1000);
  assertEquals(asked, [[2, "a"], [2, "b"], [8, "a"]]);
  assertEquals([answers, inquiry.reachable], [[[false, "b"]], false]);
  await inquiry.close();
});

Deno.test("one tracker that gets through is proof against others that do not", async () => {
  const scripts: Record<string, Script> = { a: ["unreachable"], b: ["unknown", "reachable"] };
  const { clock, answers, asked, inquiry } = setUp({ ...scripts, c: ["unreachable"] });
  inquiry.ask("a");
  inquiry.ask("b");
  await clock.advance(10);
  assertEquals([answers, inquiry.reachable], [[[false, "a"], [true, "b"]], true]);
  inquiry.ask("c");
  await clock.advance(1000);
  assertEquals(asked.length, 3);
  await inquiry.close();
});

Deno.test("of a torrent's hundred trackers four are asked", async () => {
  const names = Array.from({ length: 100 }, (_, i) => `tracker ${i}`);
  const { clock, asked, inquiry } = setUp(
    Object.fromEntries(names.map((name) => [name, ["error"]])),
  );
  for (const name of names) inquiry.ask(name);
  await clock.advance(1000);
  assertEquals(asked.length, 4);
  await inquiry.close();
});

Deno.test("closing waits for nobody", async () => {
  const { clock, asked, inquiry, open } = setUp({ a: ["silence"], b: ["unreachable"] });
  inquiry.ask("a");
  await clock.advance(3);
  inquiry.ask("b");
  await inquiry.close();
  inquiry.ask("c");
  await clock.advance(1000);
  assertEquals([asked.length, open(), inquiry.reachable], [1, 0, undefined]);
});

Deno.test("the question goes over the wire and its answer comes back", async () => {
  const ports: number[] = [];
  await using tracker = new FakeTracker((packet) => {
    const request = decodeRequest(packet)!;
    const { transactionId } = request;
    if (request.type === "connect") {
      const connectionId = new Uint8Array(8).fill(1);
      return [encodeResponse({ type: "connect", transactionId, connectionId })];
    }
    if (request.type !== "reach") return [];
    ports.push(request.port);
    return ports.length === 1
      ? [encodeResponse({ type: "reach", transactionId, reach: "unreachable" })]
      : [encodeResponse({ type: "error", transactionId, message: "what?" })];
  });
  await using client = new UdpTrackerClient(tracker.url);
  assertEquals(await client.reach(6881), "unreachable");
  await assertRejects(() => client.reach(6882), TrackerErrorResponse, "refuses: what?");
  assertEquals(ports[0], 6881);
});
