import {
  assertEquals,
  assertGreater,
  assertLess,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { parseRequest } from "../../bench/simulator/options.ts";
import { type Figures, figuresOf } from "../../bench/simulator/report.ts";
import { Simulation } from "../../bench/simulator/simulation.ts";
import { trace } from "../../bench/simulator/trace.ts";
import { OptionError } from "../../lib/errors.ts";

/** Pieces of 64 KiB of a file of 4 MiB at 1 MiB/s. */
const SMALL = "--size 4M --piece-size 64K --up 1M --grain 2".split(" ");

function simulation(options: string): Simulation {
  return new Simulation(parseRequest([...SMALL, ...options.split(" ")]).scenario);
}

function simulate(options: string): Figures {
  const simulated = simulation(options);
  simulated.run();
  return figuresOf(simulated);
}

Deno.test("a simulation with one seed gives one result, and another with another", () => {
  const options = "--peers 12 --corrupt 0.1 --crashes 0.2 --tracker-loss 0.3 --seed";
  assertEquals(simulate(`${options} 5`), simulate(`${options} 5`));
  assertNotEquals(simulate(`${options} 5`), simulate(`${options} 6`));
});

Deno.test("one leecher gets the file as fast as the seeder can send it", () => {
  const figures = simulate("--peers 1");
  assertLess(figures.ratio, 1.1);
  assertGreater(figures.ratio, 1); // nothing is faster than the lines
  assertEquals(figures.seederCopies, 1);
  assertEquals(figures.wasted, 0);
});

Deno.test("a line in that is slower than the lines out is what bounds the swarm", () => {
  const figures = simulate("--peers 3 --down 256K");
  assertEquals(figures.boundSeconds, 16);
  assertEquals(figures.complete, 3);
  assertGreater(figures.ratio, 1);
  assertLess(figures.ratio, 1.5);
});

Deno.test("twenty simulated leechers get the file in little more than one of them would", () => {
  const figures = simulate("--peers 20");
  assertEquals(figures.complete, 20);
  assertGreater(figures.ratio, 1);
  assertLess(figures.ratio, 3);
  assertLess(figures.seederCopies, 3);
  assertLess(figures.wasted, 0.05);
});

Deno.test("everybody honest completes among 10 % corrupt and 20 % free riders", () => {
  const figures = simulate("--peers 40 --corrupt 0.1 --free-riders 0.2");
  assertEquals([figures.complete, figures.honest], [28, 28]);
  assertEquals(figures.freeRiders, 8);
  assertGreater(figures.failedPieces, 0); // the corrupt were listened to
});

Deno.test("when half of the leechers are killed, the others complete", () => {
  const figures = simulate("--peers 20 --crashes 0.5");
  assertEquals(figures.complete, figures.honest);
  assertGreater(figures.honest, 9);
  assertLess(figures.honest, 20);
});

Deno.test("who comes late still gets everything", () => {
  const figures = simulate("--peers 10 --late-joiner");
  assertEquals(figures.complete, 10);
  assertGreater(figures.lateSeconds!, 0);
});

Deno.test("leechers that come one by one and leave at once when they are done all complete", () => {
  const figures = simulate("--peers 10 --arrivals 8 --departures");
  assertEquals([figures.complete, figures.honest], [10, 10]);
  assertGreater(figures.makespanSeconds, 8);
});

Deno.test("slow and very slow lines among the others keep nobody from completing", () => {
  const figures = simulate("--peers 10 --spread 10x --slow 0.1");
  assertEquals(figures.complete, 10);
});

Deno.test("a trace tells how busy the lines are", () => {
  const lines: string[] = [];
  const simulated = simulation("--peers 2");
  trace(simulated, (line) => lines.push(line));
  simulated.run();
  assertGreater(lines.length, 30);
});

Deno.test("the simulator refuses options it does not know and values that make no sense", () => {
  for (const wrong of ["--peers 0", "--up fast", "--corrupt 1.5", "--frobnicate"]) {
    assertThrows(() => parseRequest(wrong.split(" ")), OptionError);
  }
  assertEquals(parseRequest(["--corrupt", "10%"]).scenario.corrupt, 0.1);
});
