/** How many requests a peer is kept busy with, and how speed is measured. @module */

import { assert, assertEquals } from "@std/assert";
import { RateMeter } from "../../../lib/peer/connection/rate_meter.ts";
import { RequestPipeline } from "../../../lib/peer/connection/request_pipeline.ts";

const permissions = "none";
const MIB = 1024 * 1024;

/** A pipeline whose start is over, with a latency of one millisecond. */
function settled(): RequestPipeline {
  const pipeline = new RequestPipeline();
  pipeline.onAnswered(1);
  pipeline.onAnswered(1000);
  for (let i = 0; i < 2000; i++) pipeline.onAnswered(1);
  return pipeline;
}

Deno.test({
  name: "a new peer is asked for twice as much each round trip, until its blocks come late",
  permissions,
  fn() {
    const pipeline = new RequestPipeline();
    const depths = [];
    for (let round = 0; round < 4; round++) {
      depths.push(pipeline.depth(0, 2000));
      for (let i = 0; i < depths.at(-1)!; i++) pipeline.onAnswered(5);
    }
    assertEquals(depths, [16, 32, 64, 128]);
    pipeline.onAnswered(200);
    assertEquals(pipeline.depth(0, 2000), 8, "from now on its rate counts");
  },
});

Deno.test({
  name: "a peer is asked for what it delivers in a round trip and a tenth of a second more",
  permissions,
  fn() {
    // 16 MiB/s are 1024 blocks a second.
    assertEquals(settled().depth(16 * MIB, 500), Math.ceil(1024 * 0.101));
    assertEquals(settled().depth(1000, 500), 8, "a slow one still has work");
    assertEquals(settled().latencyMs, 1);
  },
});

Deno.test({
  name: "no peer is asked for more than it says it queues, nor for more than eight mebibytes",
  permissions,
  fn() {
    for (const pipeline of [new RequestPipeline(), settled()]) {
      for (const requestQueue of [1, 5, 50, 250]) {
        for (const rate of [0, MIB, 1000 * MIB]) {
          const depth = pipeline.depth(rate, requestQueue);
          assert(depth >= 1 && depth <= requestQueue);
        }
      }
      assertEquals(pipeline.depth(9e9, 100_000), 512);
    }
  },
});

Deno.test({
  name: "a rate is bytes per second over the last four seconds",
  permissions,
  fn() {
    const meter = new RateMeter();
    assertEquals(meter.rate(5000), 0);
    for (let nowMs = 10_000; nowMs < 20_000; nowMs += 100) meter.add(1000, nowMs);
    const rate = meter.rate(20_000);
    assert(rate > 9_500 && rate < 10_500, String(rate));
    assertEquals(meter.total, 100_000);
    assert(meter.rate(22_000) < 6_000, "it falls when nothing comes");
    assertEquals(meter.rate(24_500), 0);
  },
});

Deno.test({
  name: "a rate is right a moment after the first byte and after a long pause",
  permissions,
  fn() {
    const meter = new RateMeter();
    meter.add(50_000, 1_000_000);
    meter.add(50_000, 1_000_500);
    const early = meter.rate(1_000_500);
    assert(early > 150_000 && early <= 400_000, String(early));
    meter.add(1000, 2_000_000);
    assertEquals(meter.rate(2_000_000), 4000, "what came before the pause is forgotten");
  },
});
