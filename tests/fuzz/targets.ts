/**
 * Every part of the programs that a stranger's bytes reach.
 * @module
 */

import type { Target } from "./fuzzer.ts";
import { discoveryTargets } from "./targets/discovery.ts";
import { machineTargets } from "./targets/machine.ts";
import { programTargets } from "./targets/programs.ts";
import { torrentTargets } from "./targets/torrents.ts";
import { wireTargets } from "./targets/wire.ts";

/** All targets, new; `await using` ends what they keep running. */
export class Targets implements AsyncDisposable {
  readonly all: readonly Target[];

  private constructor(all: readonly Target[]) {
    this.all = all;
  }

  static async open(): Promise<Targets> {
    const programs = await programTargets();
    return new Targets([
      ...torrentTargets,
      ...wireTargets,
      ...discoveryTargets(),
      ...machineTargets,
      ...programs,
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const target of this.all) await target.close?.();
  }
}
