/**
 * The roll-call of a torrent: which machines have it, get it, had it or should have it.
 *
 * @module
 */

import { formatHostPort } from "../../codec/address.ts";
import type { MachineState, WhoEntry } from "../../codec/discovery/udp_tracker.ts";
import type { Departure } from "./departures.ts";
import { type ExpectedMachine, isNameOf, shortName } from "./expected_machines.ts";
import type { SwarmMember } from "./member.ts";
import { averageOf, hasAll, stateOf } from "./member_state.ts";
import { progressOf } from "./progress.ts";

/** A machine in a roll-call. */
export interface Machine extends WhoEntry {
  /** Seconds since its last announce; absent if it is not there. */
  lastSeenSeconds?: number;
  /** The first 8 bytes of its peer id; absent if it is not there. */
  agent?: string;
  /** Whether the tracker could connect to it, if it has tried. */
  reachable?: boolean;
}

/** Which machines have a torrent. */
export interface RollCall {
  /** Those that need attention first. */
  readonly machines: readonly Machine[];
  /** How many recipients have everything, or had it before they left. */
  readonly complete: number;
  /** How many machines should have it, see {@link countedOf}. */
  readonly recipients: number;
  /** How many machines are on the list of expected ones; 0 without a list. */
  readonly expected: number;
  /** The size of the swarm, if the machines are a sample of a huge one. */
  readonly sampleOf?: number;
}

/** What a roll-call is made from. */
export interface Roll {
  readonly members: readonly SwarmMember[];
  readonly departures: readonly Departure[];
  /** The machines that should have it. */
  readonly expected: readonly ExpectedMachine[];
  readonly intervalSeconds: number;
  /** The torrent's size, for departures that did not name it. */
  readonly size?: number | undefined;
  readonly nowMs: number;
  /** Whether this is an address of the tracker's own machine, whose peers may come from a loopback address. */
  readonly isOwn?: (host: string) => boolean;
}

/** The order of the machines: those first that need attention. */
const ORDER: readonly MachineState[] = [
  "lost",
  "missing",
  "silent",
  "slow",
  "downloading",
  "complete",
  "left",
];

/** A machine that is in several states at once counts for the first of these. */
const BEST: readonly MachineState[] = [
  "complete",
  "downloading",
  "slow",
  "silent",
  "left",
  "lost",
];

/** Calls the roll. */
export function callRoll(roll: Roll): RollCall {
  const present = presentMachines(roll);
  const machines = [...present, ...goneMachines(roll, present)];
  const { expected } = roll;
  const called = expected.length === 0 ? machines : withExpected(machines, roll);
  called.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const counted = countedOf(called, expected.length);
  return {
    machines: called,
    complete: counted.filter(isDone).length,
    recipients: expected.length || counted.length,
    expected: expected.length,
  };
}

/**
 * The machines that should have the torrent: those on the list of expected ones; without a list, all but the
 * sources. Where there is nobody else, the sources count.
 *
 * @param expected the number of machines on the list
 */
export function countedOf<T extends WhoEntry>(machines: readonly T[], expected: number): T[] {
  if (expected > 0) return machines.filter(({ isUnlisted }) => !isUnlisted);
  const recipients = machines.filter(({ isSource }) => !isSource);
  return recipients.length > 0 ? recipients : [...machines];
}

/** Whether a machine has all that it wants, or had it when it was last heard of. */
function isDone({ state, progress }: WhoEntry): boolean {
  return state === "complete" || state === "left" || state === "silent" && progress === 1;
}

function presentMachines({ members, intervalSeconds }: Roll): Machine[] {
  const average = averageOf(members);
  return oncePerMachine(members).map((member) => {
    const { host, port } = splitAddress(member.address);
    const { label, progress, lastSeenSeconds, sinceSeconds, agent, reachable } = member;
    const { isSource, isPartial, rateBytesPerSecond, etaSeconds } = member;
    const isMoving = !hasAll(member);
    return {
      state: stateOf(member, average, intervalSeconds),
      ...(label !== undefined && { label }),
      host,
      port,
      ...(progress !== undefined && { progress }),
      sinceSeconds: sinceSeconds + lastSeenSeconds,
      ...(isMoving && rateBytesPerSecond !== undefined && { rateBytesPerSecond }),
      ...(isMoving && etaSeconds !== undefined && { etaSeconds }),
      ...(isSource && { isSource }),
      ...(isPartial && { isPartial }),
      ...(reachable === false && { isUnreachable: true }),
      lastSeenSeconds,
      agent,
      ...(reachable !== undefined && { reachable }),
    };
  });
}

/** Host and port of an address that the tracker has written itself. */
function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(":");
  return {
    host: address.slice(0, at).replace(/^\[|\]$/g, ""),
    port: Number(address.slice(at + 1)),
  };
}

/** A machine that announces itself over both address families, with one label and port, is one. */
function oncePerMachine(members: readonly SwarmMember[]): SwarmMember[] {
  const machines = new Map<string, SwarmMember>();
  for (const member of members) {
    const { address, label, lastSeenSeconds } = member;
    const isIPv6 = address.startsWith("[");
    const port = address.slice(address.lastIndexOf(":"));
    const other = label === undefined ? undefined : machines.get(`${!isIPv6} ${port} ${label}`);
    if (other === undefined) {
      const key = label === undefined ? address : `${isIPv6} ${port} ${label}`;
      machines.set(machines.has(key) ? address : key, member);
    } else if (lastSeenSeconds < other.lastSeenSeconds) {
      machines.set(`${!isIPv6} ${port} ${label}`, member);
    }
  }
  return [...machines.values()];
}

/** The machines that have left, without those that are back. */
function goneMachines({ departures, size, nowMs }: Roll, present: readonly Machine[]): Machine[] {
  const isBack = returnOf(present);
  const gone = new Map<string, Machine>();
  for (const departure of departures) {
    const { host, port, label, isSource, holding } = departure;
    const machine = { host, port, ...(label !== undefined && { label }) };
    if (isBack(machine)) continue;
    const progress = progressOf({ ...holding, size: holding.size ?? size });
    gone.set(`${formatHostPort(host, port)} ${label ?? ""}`, {
      state: progress === 1 ? "left" : "lost",
      ...machine,
      ...(progress !== undefined && { progress }),
      sinceSeconds: Math.max(0, (nowMs - departure.goneMs) / 1000),
      ...(isSource && { isSource }),
      ...(holding.part && { isPartial: true }),
    });
  }
  return oncePerLabel([...gone.values()]);
}

/** A machine that left over both address families, with one label and port, is one. */
function oncePerLabel(gone: readonly Machine[]): Machine[] {
  const isIPv6 = ({ host }: Machine) => host!.includes(":");
  const name = ({ label, port }: Machine) => `${port} ${label}`;
  const overIPv4 = new Set(gone.filter((machine) => !isIPv6(machine)).map(name));
  return gone.filter((machine) =>
    machine.label === undefined || !isIPv6(machine) || !overIPv4.has(name(machine))
  );
}

/** Tells whether a machine that left is here again, as `Departures` does. */
function returnOf(
  present: readonly Machine[],
): (gone: Pick<Machine, "host" | "port" | "label">) => boolean {
  const labels = new Map(present.map(({ host, port, label }) => [`${host}/${port}`, label]));
  const names = new Set(present.map(({ host, label }) => `${host} ${label}`));
  return ({ host, port, label }) => {
    const own = `${host}/${port}`;
    if (label === undefined) return labels.has(own);
    return names.has(`${host} ${label}`) || labels.has(own) && labels.get(own) === undefined;
  };
}

/** Marks the machines that are not on the list, and adds those on it that were never seen. */
function withExpected(machines: readonly Machine[], { expected, isOwn }: Roll): Machine[] {
  const byName = new Map<string, Machine[]>();
  const byHost = new Map<string, Machine[]>();
  for (const machine of machines) {
    if (machine.label !== undefined) append(byName, shortName(machine.label), machine);
    append(byHost, machine.host!, machine);
    if (/^127\.|^::1$/.test(machine.host!)) append(byHost, "loopback", machine);
  }
  const free = new Set(machines);
  const called: Machine[] = [];
  for (const wanted of expected) {
    const found = "host" in wanted
      ? byHost.get(wanted.host) ?? (isOwn?.(wanted.host) ? byHost.get("loopback") : undefined) ?? []
      : (byName.get(shortName(wanted.label)) ?? [])
        .filter(({ label }) => isNameOf(wanted.label, label!));
    const [best, ...others] = found.filter((machine) => free.has(machine))
      .sort((a, b) => BEST.indexOf(a.state) - BEST.indexOf(b.state));
    called.push(best ?? { state: "missing", ...wanted, port: 0, sinceSeconds: 0 });
    if (best !== undefined) free.delete(best);
    // What this machine left behind under an earlier address is no other machine.
    for (const other of others) if (isGone(other)) free.delete(other);
  }
  return [...called, ...[...free].map((machine): Machine => ({ ...machine, isUnlisted: true }))];
}

function isGone({ state }: Machine): boolean {
  return state === "lost" || state === "left";
}

function append(map: Map<string, Machine[]>, key: string, machine: Machine): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [machine]);
  else known.push(machine);
}
