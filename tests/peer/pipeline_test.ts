/** How many requests a peer is kept busy with, and how speed is measured. @module */

import { assert, assertEquals } from "@std/assert";
import { pipelineDepth } from "../../lib/peer/pipeline.ts";
import { RateMeter } from "../../lib/peer/rate.ts";

const permissions = "none";
const MIB = 1024 * 1024;
const USUAL = { rate: 0, latencyMs: 1, ageMs: 60_000, requestQueue: 250, snubbed: false };

Deno.test({
  name: "a new peer is asked for a megabyte before its speed is known",
  permissions,
  fn() {
    assertEquals(pipelineDepth({ ...USUAL, ageMs: 0, latencyMs: 0 }), 64);
    assertEquals(pipelineDepth({ ...USUAL, ageMs: 0, rate: 60 * MIB, requestQueue: 2000 }), 512);
  },
});

Deno.test({
  name: "a peer is asked for what it delivers in a round trip and a quarter of a second more",
  permissions,
  fn() {
    // 16 MiB/s are 1024 blocks a second.
    assertEquals(pipelineDepth({ ...USUAL, rate: 16 * MIB, latencyMs: 0, requestQueue: 500 }), 256);
    assertEquals(pipelineDepth({ ...USUAL, rate: 4 * MIB, latencyMs: 250 }), 128);
    assertEquals(pipelineDepth({ ...USUAL, rate: 1000 }), 8, "a slow one still has work");
  },
});

Deno.test({
  name: "no peer is asked for more than it says it queues, nor for more than eight mebibytes",
  permissions,
  fn() {
    for (const requestQueue of [1, 5, 50, 250]) {
      for (const rate of [0, MIB, 1000 * MIB]) {
        for (const ageMs of [0, 1999, 2000, 1e6]) {
          const depth = pipelineDepth({ ...USUAL, rate, ageMs, requestQueue });
          assert(depth >= 1 && depth <= requestQueue);
        }
      }
    }
    assertEquals(pipelineDepth({ ...USUAL, rate: 9e9, requestQueue: 100_000 }), 512);
  },
});

Deno.test({
  name: "a peer that stopped delivering is asked for one block",
  permissions,
  fn() {
    assertEquals(pipelineDepth({ ...USUAL, rate: 9e9, ageMs: 0, snubbed: true }), 1);
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
