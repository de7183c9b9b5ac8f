/**
 * The roll-call of a torrent as a table: which machines have it. Pure.
 *
 * @module
 */

import {
  machineAddress,
  machineName,
  rollSentence,
  slowestOf,
  type WhoEntry,
} from "../../../mod.ts";
import { foreign } from "../text/terminal_text.ts";
import { formatEta, formatPercent, formatRate, formatSeconds } from "../text/units.ts";
import type { Room } from "./screen.ts";
import { type TableColumn, textTable } from "./text_table.ts";

const MOST_LABEL_CELLS = 32;
const MOST_ADDRESS_CELLS = 47; // a full IPv6 address with its port

/** The states in words. */
const STATES: Readonly<Record<WhoEntry["state"], string>> = {
  complete: "complete",
  downloading: "downloading",
  slow: "slow",
  silent: "silent",
  lost: "lost",
  left: "complete, left",
  missing: "never seen",
};

const COLUMNS: readonly TableColumn<WhoEntry>[] = [
  { title: "machine", mostCells: MOST_LABEL_CELLS, of: ({ label }) => foreign(label ?? "-") },
  {
    title: "address",
    mostCells: MOST_ADDRESS_CELLS,
    of: (machine) => machineAddress(machine) ?? "-",
  },
  { title: "state", of: stateText },
  {
    title: "has",
    isRight: true,
    of: ({ progress }) => progress === undefined ? "-" : formatPercent(progress, 1),
  },
  {
    title: "down",
    isRight: true,
    of: ({ rateBytesPerSecond: rate }) => rate ? formatRate(rate) : "-",
  },
  { title: "left", isRight: true, of: ({ etaSeconds }) => formatEta(etaSeconds) ?? "-" },
  { title: "since", of: sinceText },
];

/** A roll-call as it is shown. */
interface ShownRoll {
  /** The torrent's name, or its hash. */
  readonly name: string;
  readonly machines: readonly WhoEntry[];
  readonly complete: number;
  readonly recipients: number;
  readonly expected: number;
}

/** The headline of a roll-call, and its machines, those first that need attention. */
export function rollTable(roll: ShownRoll, room: Room): string[] {
  if (room.rows < 1) return [];
  const headline = `${foreign(roll.name)}: ${rollSentence(roll)}${slowestText(roll.machines)}`;
  return [headline, ...textTable(COLUMNS, roll.machines, { ...room, rows: room.rows - 1 })];
}

/** The roll-calls of several torrents, one below the other, as far as there is room. */
export function rollTables(rolls: readonly ShownRoll[], room: Room): string[] {
  const lines: string[] = [];
  for (const [i, roll] of rolls.entries()) {
    const left = room.rows - lines.length;
    // Each of those that follow gets its headline at least.
    const rows = Math.max(1, left - (rolls.length - i - 1));
    if (left > 0) lines.push(...rollTable(roll, { ...room, rows }));
  }
  return lines;
}

/** Who will take longest, with its rate and the time it will take; empty if nobody downloads. */
export function slowestText(machines: readonly WhoEntry[]): string {
  const slowest = slowestOf(machines);
  if (slowest === undefined) return "";
  const { rateBytesPerSecond, etaSeconds } = slowest;
  const eta = formatEta(etaSeconds);
  const pace = rateBytesPerSecond
    ? `at ${formatRate(rateBytesPerSecond)}${eta === undefined ? "" : `, ${eta} left`}`
    : "receives nothing";
  return `; slowest: ${foreign(machineName(slowest))} ${pace}`;
}

function stateText(machine: WhoEntry): string {
  const { state, isPartial, isSource, isUnreachable, isUnlisted } = machine;
  return [
    STATES[state],
    isPartial && "wants a part",
    isSource && "first seeder",
    isUnreachable && "unreachable",
    isUnlisted && "not on the list",
  ].filter(Boolean).join(", ");
}

function sinceText({ state, sinceSeconds }: WhoEntry): string {
  if (state === "missing") return "-";
  const since = formatSeconds(sinceSeconds);
  return state === "lost" || state === "left" ? `${since} ago` : since;
}
