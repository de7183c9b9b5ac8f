/**
 * Strangers who want a tracker to forget who has a file, or to tell nobody.
 * @module
 */

import type { WhoResponse } from "../../lib/codec/discovery/udp_tracker.ts";
import { ShoalTracker } from "../support/clients/shoal.ts";
import { type Arena, type Attack, Meter, pause } from "./arena.ts";
import { AttackingAnnouncer } from "./attacking_announcer.ts";

const HONEST = ["pc1", "pc2", "pc3"];
const NAME = "honest.iso";
const MOST_QUESTIONS = 10;

/** A tracker that knows one machine that is there, and two that were lost. */
async function start(arena: Arena) {
  const tracker = await ShoalTracker.start(["--interval", "60", "--peer-ttl", "150"]);
  arena.use(tracker);
  const port = Number(new URL(tracker.url).port);
  const machines: AttackingAnnouncer[] = [];
  for (const [i, label] of HONEST.entries()) {
    const machine = arena.use(await AttackingAnnouncer.connect(`127.0.7.${1 + i}`, port));
    await machine.announce({ torrent: "honest", name: NAME, label });
    machines.push(machine);
  }
  for (const [i, label] of HONEST.slice(1).entries()) {
    await machines[1 + i]!.announce({ torrent: "honest", name: NAME, label, leaves: true });
  }
  return { tracker, port, honest: machines[0]! };
}

/** Asks until there is an answer; the tracker refuses those that come when it has no time. */
async function call(honest: AttackingAnnouncer, offset = 0): Promise<WhoResponse> {
  for (let asked = 1; asked <= MOST_QUESTIONS; asked++) {
    const answer = await honest.who("honest", offset);
    if (answer.type === "who") return answer;
    await pause(0.5);
  }
  throw new Error(`no answer to ${MOST_QUESTIONS} questions`);
}

function labelsIn({ machines }: WhoResponse): string[] {
  return machines.flatMap(({ label }) => label ?? []).toSorted();
}

const departures: Attack = {
  name: "made-up-machines",
  story:
    "Five hosts of one network announce 10,000 machines each, with labels and names, and let them leave.",
  async run(arena) {
    const { tracker, port, honest } = await start(arena);
    const meter = await Meter.start(tracker.program);
    for (let host = 0; host < 5; host++) {
      using stranger = await AttackingAnnouncer.connect(`127.0.9.${1 + host}`, port);
      for (const leaves of [false, true]) {
        await stranger.announceMany(10_000, (n) => ({
          torrent: `${host} ${n}`,
          port: 1000 + n,
          name: `${host} ${n}.iso`,
          label: `${n}`.padEnd(64, "x"),
          leaves,
        }));
      }
    }
    const told = labelsIn(await call(honest));
    const { moreMebibytes } = await meter.read();
    const measured = `the honest machines told of are ${told.join(", ") || "none"}; ` +
      `${moreMebibytes.toFixed(0)} MiB more`;
    return { holds: String(told) === String(HONEST) && moreMebibytes < 200, measured };
  },
};

const namesakes: Attack = {
  name: "made-up-namesakes",
  story: "Five hosts say to be 50,000 lost machines of the very torrent whose roll is called.",
  async run(arena) {
    const { port, honest } = await start(arena);
    for (let host = 0; host < 5; host++) {
      using stranger = await AttackingAnnouncer.connect(`127.0.9.${1 + host}`, port);
      for (const leaves of [false, true]) {
        await stranger.announceMany(10_000, (n) => ({
          torrent: "honest",
          port: 1000 + n,
          name: NAME,
          label: `a${host}.${n}`,
          leaves,
        }));
      }
    }
    // An honest machine that is lost later is told of as well.
    using late = await AttackingAnnouncer.connect("127.0.7.9", port);
    await late.announce({ torrent: "honest", name: NAME, label: "pc9" });
    await late.announce({ torrent: "honest", name: NAME, label: "pc9", leaves: true });
    await pause(1.1); // a roll-call is given out again for a second
    const first = await call(honest);
    const pages = [first];
    for (let at = first.machines.length; at < first.total; at += pages.at(-1)!.machines.length) {
      pages.push(await call(honest, at));
    }
    const { total } = first;
    const told = pages.flatMap(labelsIn).filter((label) => label.startsWith("pc")).toSorted();
    const measured = `${total} machines, among them ${told.join(", ") || "no honest one"}`;
    return { holds: String(told) === String([...HONEST, "pc9"]), measured };
  },
};

const askers: Attack = {
  name: "roll-call-askers",
  story: "One host asks for the roll-calls of thousands of torrents without end.",
  async run(arena) {
    const { tracker, port, honest } = await start(arena);
    using lister = await AttackingAnnouncer.connect("127.0.9.1", port);
    await lister.announceMany(10_000, (n) => ({ torrent: `${n}`, name: `${n}.iso`, label: "x" }));
    const stop = new AbortController();
    let sent = 0;
    const asking = Array.from({ length: 8 }, async () => {
      using stranger = await AttackingAnnouncer.connect("127.0.9.9", port);
      while (!stop.signal.aborted) await stranger.who(`${sent++ % 10_000}`);
    });
    await pause(3);
    const meter = await Meter.start(tracker.program);
    let refused = 0;
    for (let i = 0; i < 10; i++) {
      if ((await honest.who("honest")).type !== "who") refused++;
      await pause(1.5);
    }
    const { cpuSeconds, seconds } = await meter.read();
    stop.abort();
    await Promise.all(asking);
    const measured = `${sent} questions; an honest machine is refused ${refused} times of 10; ` +
      `the tracker uses ${(100 * cpuSeconds / seconds).toFixed(0)} % of a core`;
    return { holds: refused <= 5, measured };
  },
};

/** All of them. */
export const againstRollCalls: readonly Attack[] = [departures, namesakes, askers];
