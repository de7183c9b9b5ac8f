/**
 * Who is in the swarms of a tracker, by machine: labels, rates, who came with everything, and who has left.
 *
 * @module
 */

import { bytesToIp } from "../../codec/address.ts";
import { hex, readUint16 } from "../../codec/bytes.ts";
import { type HostedFile, sharesLabels } from "../../codec/discovery/udp_tracker.ts";
import type { RequestOrigin } from "../tables/origin.ts";
import { indexOf, isSeeder, type PeerSlot, type Swarm } from "../tables/swarm.ts";
import type { Removal, Stored } from "../tables/announced.ts";
import { Departures } from "./departures.ts";
import { type MachineNote, MachineNotes } from "./machine_notes.ts";

/** Two announces closer than this say nothing about the rate. */
const SHORTEST_MS = 1000;

/** What a peer lists in the catalogue. */
interface Listed {
  readonly name: string;
  readonly length: number;
  readonly v1Hash: Uint8Array | undefined;
  readonly v2Hash: Uint8Array | undefined;
}

/** The limits and secrets of the tables. */
interface AttendanceOptions {
  readonly maxNotes: number;
  readonly maxDepartures: number;
  /** Two secret words. */
  readonly hashKey: Uint32Array;
  /** Whether any peer has named the torrent of this swarm. */
  readonly isNamed: (swarm: Swarm) => boolean;
}

/** What an announce says about a stored peer. */
interface Said {
  readonly file: HostedFile | undefined;
  readonly leftBytes: number;
  /** In this run, by its own account. */
  readonly downloadedBytes: number;
}

/** The machines behind the peers. */
export class Attendance {
  /** Labels, parts and rates of present peers. */
  readonly notes: MachineNotes;
  /** The machines that have left. */
  readonly departures: Departures;
  readonly #isNamed: (swarm: Swarm) => boolean;

  /** @param options Limits and secrets. */
  constructor({ maxNotes, maxDepartures, hashKey, isNamed }: AttendanceOptions) {
    this.notes = new MachineNotes(maxNotes, hashKey);
    this.departures = new Departures(maxDepartures, hashKey);
    this.#isNamed = isNamed;
  }

  /** Takes note of an announce of a stored peer. */
  announced(stored: Stored, sender: RequestOrigin, said: Said): void {
    const { swarm, slot, joined } = stored;
    const { file, leftBytes } = said;
    if (file !== undefined || this.notes.size > 0) this.#note(swarm, slot, sender, said);
    if (joined) this.#join(swarm, slot, sender, said);
    else if (leftBytes > 0) {
      swarm.setSource(slot, false);
      if (stored.afterMs >= SHORTEST_MS) this.#move(stored, sender);
    }
  }

  /** Takes note of the last announce of a peer, before it leaves. */
  leaving(swarm: Swarm, slot: PeerSlot, sender: RequestOrigin, said: Said): void {
    if (said.file !== undefined) this.#note(swarm, slot, sender, said);
  }

  /** The label of the machine of a present peer. */
  labelOf(swarm: Swarm, slot: PeerSlot): string | undefined {
    return this.notes.of(swarm.peerAt(slot))?.label;
  }

  /** Moves a peer that is about to be removed to the departures, if its torrent has a name. */
  removed(
    swarm: Swarm,
    slot: PeerSlot,
    why: Removal,
    listing: Listed | undefined,
    nowMs: number,
  ): void {
    const peer = swarm.peerAt(slot);
    // A displaced peer is still there, and comes back with its next announce.
    if (why !== "displaced" && (listing !== undefined || this.#isNamed(swarm))) {
      this.#depart(swarm, slot, this.notes.of(peer), listing, nowMs);
    }
    this.notes.forget(peer);
  }

  #note(swarm: Swarm, slot: PeerSlot, sender: RequestOrigin, { file, leftBytes }: Said): void {
    const peer = swarm.peerAt(slot);
    const isTaken = file?.label !== undefined && sharesLabels(bytesToIp(sender.ip));
    const label = isTaken ? file.label : undefined;
    const selectedBytes = file?.selectedBytes;
    const known = this.notes.of(peer);
    if (label === undefined && selectedBytes === undefined && known === undefined) return;
    const note = known ?? this.notes.noteOn(peer, sender);
    note.label = label;
    note.part = selectedBytes === undefined
      ? undefined
      : { selectedBytes, haveBytes: Math.max(0, file!.length - leftBytes) };
  }

  #join(swarm: Swarm, slot: PeerSlot, sender: RequestOrigin, said: Said): void {
    const { leftBytes, downloadedBytes } = said;
    // After a restart of the tracker, those who got it in their present run are recipients still.
    const hadAll = leftBytes === 0 && downloadedBytes === 0;
    const departure = this.departures.size === 0 ? undefined : this.departures.returned({
      infoHash: swarm.infoHash,
      host: bytesToIp(sender.ip),
      port: sender.port,
      label: this.labelOf(swarm, slot),
    });
    if (hadAll && departure?.isSource !== false) swarm.setSource(slot, true);
  }

  /** The rate of a downloader of a named torrent. */
  #move({ swarm, slot, receivedBytes, afterMs }: Stored, sender: RequestOrigin): void {
    const peer = swarm.peerAt(slot);
    const known = this.notes.of(peer);
    if (known === undefined && (receivedBytes <= 0 || !this.#isNamed(swarm))) return;
    const note = known ?? this.notes.noteOn(peer, sender);
    // It lacks more than before, when it did not know the size yet.
    note.rateBytesPerSecond = receivedBytes < 0 ? undefined : 1000 * receivedBytes / afterMs;
  }

  #depart(
    swarm: Swarm,
    slot: PeerSlot,
    note: MachineNote | undefined,
    listing: Listed | undefined,
    nowMs: number,
  ): void {
    const roster = swarm.rosterOf(slot);
    const { stride } = roster;
    const place = indexOf(slot);
    const address = new Uint8Array(
      roster.words.slice(place * stride, (place + 1) * stride).buffer,
    );
    const { leftBytes, silentMs } = roster.peerInfo(place, nowMs);
    const hash = listing?.v2Hash ?? listing?.v1Hash;
    this.departures.add(
      {
        infoHash: swarm.infoHash,
        torrent: hash === undefined ? swarm.infoHash : hex(hash),
        name: listing?.name,
        host: bytesToIp(address.subarray(0, -2)),
        port: readUint16(address, address.length - 2),
        label: note?.label,
        holding: {
          leftBytes: isSeeder(slot) ? 0 : leftBytes,
          size: listing?.length,
          knowsSize: listing !== undefined,
          part: note?.part,
        },
        isSource: swarm.isSource(slot),
        goneMs: nowMs - silentMs,
      },
      roster.words,
      place * stride,
      stride,
    );
  }
}
