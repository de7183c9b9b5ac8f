/**
 * The roll-call of a torrent on a tracker: Shoal's addition to BEP 15 that says which machines have it.
 *
 * The request, after its header: info-hash (20) and the index (u32) of the first machine wanted. The answer,
 * after its header: machines in all (u32), recipients that have everything (u32), recipients (u32), machines
 * on the list of expected ones (u32), machines here (u16), and per machine state (u8), flags (u8), progress
 * (u16), seconds since (u32), rate (u32), seconds left (u32), port (u16), length of the address (u8), length
 * of the label (u8), address, label.
 *
 * @module
 */

import { ProtocolError } from "../../errors.ts";
import { bytesToIp, ipToBytes } from "../address.ts";
import { strictTextOf, utf8, utf8Length, viewOf } from "../bytes.ts";
import { cleanLabel } from "./label.ts";
import { MAX_FIND_RESPONSE_LENGTH } from "./shoal_packets.ts";
import {
  MACHINE_STATES,
  REQUEST_HEADER_LENGTH,
  RESPONSE_HEADER_LENGTH,
  type WhoEntry,
  type WhoRequest,
  type WhoResponse,
} from "./udp_types.ts";

const HASH_LENGTH = 20;
const REQUEST_LENGTH = REQUEST_HEADER_LENGTH + HASH_LENGTH + 4;
/** Bytes of the four counts and of the number of machines, after the header of an answer. */
const COUNTS_LENGTH = 18;
/** Bytes of a machine without its address and label. */
const MACHINE_LENGTH = 20;

/** The flags of a machine. */
const FLAGS = { isSource: 1, isPartial: 2, isUnreachable: 4, isUnlisted: 8 } as const;
/** Progress is told in steps of a ten-thousandth. */
const PROGRESS_STEPS = 10_000;
/** For a progress, and for a rate or a time, that is not known. */
const UNKNOWN_PROGRESS = 0xffff, UNKNOWN = 0xffff_ffff;

/** The body of a `who` request. */
export function encodeWhoRequest({ infoHash, offset }: WhoRequest): Uint8Array {
  const body = new Uint8Array(HASH_LENGTH + 4);
  body.set(infoHash);
  viewOf(body).setUint32(HASH_LENGTH, offset);
  return body;
}

/** Decodes a whole request packet with the action `who`; `undefined` when it is malformed. */
export function decodeWhoRequest(packet: Uint8Array): WhoRequest | undefined {
  if (packet.length < REQUEST_LENGTH) return undefined;
  const view = viewOf(packet);
  return {
    type: "who",
    connectionId: packet.subarray(0, 8),
    transactionId: view.getUint32(12),
    infoHash: packet.subarray(REQUEST_HEADER_LENGTH, REQUEST_HEADER_LENGTH + HASH_LENGTH),
    offset: view.getUint32(REQUEST_HEADER_LENGTH + HASH_LENGTH),
  };
}

/** As many machines from the start as fit one answer. */
export function packMachines(machines: Iterable<WhoEntry>): WhoEntry[] {
  const packed: WhoEntry[] = [];
  let length = RESPONSE_HEADER_LENGTH + COUNTS_LENGTH;
  for (const machine of machines) {
    length += MACHINE_LENGTH + addressOf(machine).length + utf8Length(machine.label ?? "");
    if (length > MAX_FIND_RESPONSE_LENGTH) break;
    packed.push(machine);
  }
  return packed;
}

/** The body of an answer; the machines must fit, see {@link packMachines}. */
export function encodeWhoBody(response: WhoResponse): Uint8Array {
  const variable = response.machines.map((machine) => ({
    address: addressOf(machine),
    label: utf8(machine.label ?? ""),
  }));
  const bytes = variable.reduce(
    (sum, { address, label }) => sum + address.length + label.length,
    0,
  );
  const body = new Uint8Array(COUNTS_LENGTH + MACHINE_LENGTH * variable.length + bytes);
  const view = viewOf(body);
  view.setUint32(0, response.total);
  view.setUint32(4, response.complete);
  view.setUint32(8, response.recipients);
  view.setUint32(12, response.expected);
  view.setUint16(16, variable.length);
  let at = COUNTS_LENGTH;
  response.machines.forEach((machine, i) => {
    const { address, label } = variable[i]!;
    writeMachine(body.subarray(at), machine);
    view.setUint8(at + 18, address.length);
    view.setUint8(at + 19, label.length);
    body.set(address, at + MACHINE_LENGTH);
    body.set(label, at + MACHINE_LENGTH + address.length);
    at += MACHINE_LENGTH + address.length + label.length;
  });
  return body;
}

/**
 * Decodes a whole answer packet with the action `who`. Labels are cleaned; states of later versions count as
 * `silent`.
 *
 * @throws {ProtocolError} when it is truncated, or holds an address that is none.
 */
export function decodeWhoResponse(packet: Uint8Array): WhoResponse {
  const view = viewOf(packet);
  let at = RESPONSE_HEADER_LENGTH + COUNTS_LENGTH;
  if (packet.length < at) throw new ProtocolError("the tracker's answer is too short");
  const count = view.getUint16(24);
  const machines: WhoEntry[] = [];
  for (let i = 0; i < count; i++) {
    const variableAt = at + MACHINE_LENGTH;
    const end = packet.length < variableAt
      ? Infinity
      : variableAt + view.getUint8(at + 18) + view.getUint8(at + 19);
    if (end > packet.length) throw new ProtocolError("the tracker's answer ends within a machine");
    machines.push(readMachine(packet.subarray(at, end)));
    at = end;
  }
  return {
    type: "who",
    transactionId: view.getUint32(4),
    total: view.getUint32(8),
    complete: view.getUint32(12),
    recipients: view.getUint32(16),
    expected: view.getUint32(20),
    machines,
  };
}

/** Writes the fields before the address. */
function writeMachine(into: Uint8Array, machine: WhoEntry): void {
  const view = viewOf(into);
  const { progress, rateBytesPerSecond, etaSeconds } = machine;
  let flags = 0;
  for (const [flag, bit] of flagEntries()) if (machine[flag]) flags |= bit;
  view.setUint8(0, MACHINE_STATES.indexOf(machine.state));
  view.setUint8(1, flags);
  view.setUint16(2, progress === undefined ? UNKNOWN_PROGRESS : stepsOf(progress));
  view.setUint32(4, bounded(machine.sinceSeconds));
  view.setUint32(8, rateBytesPerSecond === undefined ? UNKNOWN : bounded(rateBytesPerSecond));
  view.setUint32(12, etaSeconds === undefined ? UNKNOWN : bounded(etaSeconds));
  view.setUint16(16, machine.port);
}

function readMachine(bytes: Uint8Array): WhoEntry {
  const view = viewOf(bytes);
  const addressEnd = MACHINE_LENGTH + view.getUint8(18);
  const flags = view.getUint8(1);
  const progress = view.getUint16(2);
  const rate = view.getUint32(8);
  const eta = view.getUint32(12);
  const host = hostOf(bytes.subarray(MACHINE_LENGTH, addressEnd));
  const label = cleanLabel(strictTextOf(bytes.subarray(addressEnd)) ?? "");
  const machine: WhoEntry = {
    state: MACHINE_STATES[view.getUint8(0)] ?? "silent",
    ...(label !== "" && { label }),
    ...(host !== undefined && { host }),
    port: view.getUint16(16),
    ...(progress <= PROGRESS_STEPS && { progress: progress / PROGRESS_STEPS }),
    sinceSeconds: view.getUint32(4),
    ...(rate !== UNKNOWN && { rateBytesPerSecond: rate }),
    ...(eta !== UNKNOWN && { etaSeconds: eta }),
  };
  for (const [flag, bit] of flagEntries()) if ((flags & bit) !== 0) machine[flag] = true;
  return machine;
}

function flagEntries() {
  return Object.entries(FLAGS) as [keyof typeof FLAGS, number][];
}

/** All of it is told only when nothing is missing. */
function stepsOf(progress: number): number {
  return Math.min(PROGRESS_STEPS, Math.max(0, Math.floor(progress * PROGRESS_STEPS)));
}

function bounded(value: number): number {
  return Math.min(UNKNOWN - 1, Math.max(0, Math.round(value)));
}

function addressOf({ host }: WhoEntry): Uint8Array {
  return host === undefined ? new Uint8Array(0) : ipToBytes(host);
}

function hostOf(address: Uint8Array): string | undefined {
  if (address.length === 0) return undefined;
  if (address.length === 4 || address.length === 16) return bytesToIp(address);
  throw new ProtocolError("the tracker's answer holds an address that is none");
}
