/**
 * Prints the progress of a running swarm: how busy the lines are, and how far the leechers are.
 *
 * @module
 */

import type { SimNode } from "../../simulation/node.ts";
import type { Simulation } from "./simulation.ts";

const STRETCHES_PER_BOUND = 40;

/**
 * Calls `print` with the swarm's progress, at intervals relative to the bound, until the end. Call it
 * before `run`.
 */
export function trace(simulation: Simulation, print: (line: string) => void): void {
  const { seeder, leechers, network, torrent } = simulation;
  const stretchMs = simulation.boundSeconds * 1000 / STRETCHES_PER_BOUND;
  const { pieceCount } = torrent.layout;
  const sentBefore = new Map<SimNode, number>();
  /** The share of its line that a node has used. */
  const use = (node: SimNode) => {
    const before = sentBefore.get(node) ?? 0;
    sentBefore.set(node, node.uploadedBytes);
    return (node.uploadedBytes - before) / (node.options.upBytesPerSecond * stretchMs / 1000);
  };
  print("seconds  seeder  leechers'  pieces here  complete  connections");
  print("         busy    lines busy least  mean           each");
  const look = () => {
    const here = leechers.filter((node) => node.isAlive);
    const mean = (of: (node: SimNode) => number) =>
      here.reduce((sum, node) => sum + of(node), 0) / Math.max(1, here.length);
    const have = (node: SimNode) => node.transfer.pieces.have.count / pieceCount;
    print([
      (network.clock.nowMs / 1000).toFixed(2).padStart(7),
      percent(use(seeder)),
      percent(mean(use)),
      `${percent(Math.min(...here.map(have)))} ${percent(mean(have))}`.padStart(16),
      String(here.filter((node) => node.isComplete).length).padStart(9),
      mean((node) => node.endpoints.size).toFixed(1).padStart(10),
    ].join("  "));
    network.clock.after(stretchMs, look);
  };
  network.clock.after(stretchMs, look);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`.padStart(6);
}
