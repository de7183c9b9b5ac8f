/**
 * A swarm from its first announce until all honest leechers are complete.
 *
 * @module
 */

import { Network } from "../../simulation/network.ts";
import { SimNode, type SimSwarm } from "../../simulation/node.ts";
import { SimTracker } from "../../simulation/tracker.ts";
import { BlankStorage, BlankTorrent } from "./blank_content.ts";

/** The parameters of a simulation. Rates are in bytes per second, shares from 0 to 1. */
export interface Scenario {
  readonly seed: number;
  /** Leechers; there is one seeder in addition. */
  readonly peers: number;
  readonly bytes: number;
  readonly pieceLength: number;
  readonly up: number;
  readonly down: number;
  readonly seederUp: number;
  /** Half of the leechers upload this many times slower than the others; 1: all alike. */
  readonly spread: number;
  /** One way. */
  readonly latencyMs: number;
  readonly maxConnections: number;
  readonly uploadSlots: number;
  readonly socketBufferBytes: number;
  readonly leastBatchBytes: number;
  readonly superSeed: boolean;
  readonly peerExchange: boolean;
  readonly slotMs: number;
  /** Leechers arrive evenly over this time. */
  readonly arrivalSeconds: number;
  /** Whether leechers leave as soon as they are complete. */
  readonly departures: boolean;
  /** Share of leechers that are killed before they are complete. */
  readonly crashes: number;
  /** Whether the last leecher joins when the others have half. */
  readonly lateJoiner: boolean;
  readonly freeRiders: number;
  readonly corrupt: number;
  /** Share of leechers that upload at a hundredth of their rate. */
  readonly slow: number;
  readonly trackerLoss: number;
  readonly trackerIntervalSeconds: number;
  readonly peersPerAnswer: number;
  /** Virtual time after which the simulation gives up, in multiples of the bound. */
  readonly patience: number;
}

/** A simulated swarm and its outcome. */
export class Simulation implements SimSwarm {
  readonly network: Network;
  readonly torrent: BlankTorrent;
  readonly tracker: SimTracker;
  readonly nodes = new Map<string, SimNode>();
  readonly seeder: SimNode;
  readonly leechers: SimNode[] = [];
  readonly scenario: Scenario;
  /** Joins when half of the bound has passed; `undefined` unless requested. */
  readonly late: SimNode | undefined;
  /** Leechers that were killed. */
  readonly killed = new Set<SimNode>();
  #missing = 0;

  /** Creates all nodes without starting them. */
  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.network = new Network({ ...scenario, carriesBytes: false });
    const { bytes, pieceLength, peerExchange } = scenario;
    this.torrent = new BlankTorrent(bytes, pieceLength, !peerExchange);
    const { clock, random } = this.network;
    this.tracker = new SimTracker(clock, {
      latencyMs: scenario.latencyMs,
      loss: scenario.trackerLoss,
      intervalSeconds: scenario.trackerIntervalSeconds,
      peersPerAnswer: scenario.peersPerAnswer,
      random,
    });
    this.seeder = this.#add(0, true, scenario.seederUp);
    const kinds = shuffled(kindsOf(scenario), random);
    for (let i = 0; i < scenario.peers; i++) {
      const kind = kinds[i]!;
      const spread = i % 2 === 0 ? 1 : scenario.spread;
      const slowness = kind === "slow" ? 100 : 1;
      this.leechers.push(this.#add(i + 1, false, scenario.up / spread / slowness, kind));
    }
    this.late = scenario.lateJoiner ? this.leechers.at(-1) : undefined;
  }

  /** Runs the simulation. */
  run(): void {
    const { clock, random } = this.network;
    const { scenario } = this;
    this.seeder.start();
    const crashing = shuffled([...this.leechers], random)
      .slice(0, Math.round(scenario.crashes * this.leechers.length));
    this.#missing = this.leechers.filter((node) => isHonest(node)).length;
    const boundMs = this.boundSeconds * 1000;
    for (const [i, node] of this.leechers.entries()) {
      // Even leechers that arrive together do not arrive in the same millisecond.
      const comesMs = 100 * random() + 1000 * scenario.arrivalSeconds * i / this.leechers.length;
      clock.after(node === this.late ? boundMs / 2 : comesMs, () => node.start());
    }
    for (const node of crashing) {
      clock.after((0.1 + 0.8 * random()) * boundMs, () => this.#kill(node));
    }
    clock.run(scenario.patience * boundMs + 1000 * scenario.arrivalSeconds + 60_000);
  }

  /**
   * The least time in which the honest nodes' uplinks could carry what the honest leechers need, if all
   * were there from start to end.
   */
  get boundSeconds(): number {
    const { bytes, seederUp, down } = this.scenario;
    const honest = this.leechers.filter((node) => isHonest(node));
    const up = honest.reduce((sum, { options }) => sum + options.upBytesPerSecond, seederUp);
    return Math.max(bytes / seederUp, honest.length * bytes / up, bytes / down);
  }

  #add(number: number, isSeeder: boolean, up: number, kind: Kind = "honest"): SimNode {
    const { scenario, torrent } = this;
    const storage = new BlankStorage(isSeeder ? 0 : torrent.slotCount);
    const node = new SimNode(this, number, storage, {
      has: isSeeder ? "everything" : "nothing",
      upBytesPerSecond: up,
      downBytesPerSecond: scenario.down,
      maxConnections: scenario.maxConnections,
      uploadSlots: kind === "freeRider" ? 0 : scenario.uploadSlots,
      superSeed: isSeeder && scenario.superSeed,
      corrupts: kind === "corrupt" ? () => true : undefined,
      leavesWhenComplete: scenario.departures && !isSeeder,
    });
    this.nodes.set(node.address, node);
    return node;
  }

  /** A node is complete. */
  onComplete(node: SimNode): void {
    if (isHonest(node)) this.#oneLess();
  }

  #kill(node: SimNode): void {
    if (!node.isAlive || node.isComplete) return;
    this.killed.add(node);
    node.leave();
    if (isHonest(node)) this.#oneLess();
  }

  #oneLess(): void {
    if (--this.#missing === 0) this.network.clock.stop();
  }
}

/** Whether it uploads, and uploads correct data. */
export function isHonest(node: SimNode): boolean {
  return !isFreeRider(node) && node.options.corrupts === undefined;
}

/** Whether it uploads to no peer. */
export function isFreeRider({ options }: SimNode): boolean {
  return options.uploadSlots === 0;
}

type Kind = "honest" | "freeRider" | "corrupt" | "slow";

function kindsOf({ peers, freeRiders, corrupt, slow }: Scenario): Kind[] {
  const kinds: Kind[] = [];
  const add = (kind: Kind, share: number) => {
    for (let i = 0; i < Math.round(share * peers); i++) kinds.push(kind);
  };
  add("freeRider", freeRiders);
  add("corrupt", corrupt);
  add("slow", slow);
  while (kinds.length < peers) kinds.push("honest");
  return kinds.slice(0, peers);
}

function shuffled<T>(items: T[], random: () => number): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
