/**
 * Announce handling. Nearly every packet a tracker receives is an announce, so fields are read in place from
 * the packet and the answer is written into a reused buffer.
 *
 * @module
 */

import { readUint16, readUint32 } from "../../codec/bytes.ts";
import {
  Action,
  ANNOUNCE_EVENTS,
  AnnounceAt,
  decodeOptions,
  type HostedFile,
  parseUrlData,
} from "../../codec/discovery/udp_tracker.ts";
import type { Attendance } from "../roll/attendance.ts";
import type { RequestOrigin } from "../tables/origin.ts";
import { indexOf, type PeerSlot, type Swarm } from "../tables/swarm.ts";
import type { AnnounceOutcome } from "../tables/announced.ts";
import { AnnounceRates } from "./announce_rates.ts";
import type { Catalogue } from "./catalogue.ts";
import { CompactPeers, type PeerListOptions } from "./compact_peers.ts";
import type { ResponseBuffer } from "./response_buffer.ts";

const HASH_LENGTH = 20;
const COMPLETED = ANNOUNCE_EVENTS.indexOf("completed");
const NONE = ANNOUNCE_EVENTS.indexOf("none");
const STOPPED = ANNOUNCE_EVENTS.indexOf("stopped");

/** The first three bytes of an aria2 peer id: `A2-`. */
const ARIA2 = 0x41322d;

const NOBODY = { seeders: 0, completed: 0, leechers: 0 };

/** What the announce handler works with. */
interface AnnouncesOptions extends PeerListOptions {
  catalogue: Catalogue;
  attendance: Attendance;
  /** Two secret words. */
  hashKey: Uint32Array;
  /** Announce interval once a swarm has formed. */
  intervalSeconds: number;
  /** Called when a peer joins a swarm or completes a download. */
  onChange: (type: "joined" | "completed", swarm: Swarm, slot: PeerSlot) => void;
  /** Called for a peer that claims to have announced before, but is unknown. */
  onReturn: () => void;
  /** Called for each peer that is now in a swarm; `joined` is true if it was not before. */
  onStored?: ((sender: RequestOrigin, joined: boolean, nowMs: number) => void) | undefined;
}

/** Whether a packet is an announce with all of its fixed fields. */
export function isAnnounce(packet: Uint8Array): boolean {
  return packet.length >= AnnounceAt.options && readUint32(packet, 8) === Action.announce;
}

/** Stores peers in their swarms and answers with other peers. */
export class AnnounceHandler {
  readonly #options: AnnouncesOptions;
  readonly #lists: CompactPeers;
  readonly #rates: AnnounceRates;

  /** @param options The tables and callbacks the handler uses. */
  constructor(options: AnnouncesOptions) {
    this.#options = options;
    this.#lists = new CompactPeers(options);
    this.#rates = new AnnounceRates(options.hashKey);
  }

  /**
   * Answers an announce, see {@link isAnnounce}. Returns a string with the reason if the announce is refused.
   */
  answer(
    packet: Uint8Array,
    sender: RequestOrigin,
    nowMs: number,
    into: ResponseBuffer,
  ): Uint8Array | string {
    const { swarms } = this.#options;
    const port = readUint16(packet, AnnounceAt.port);
    if (port === 0) return "port 0 cannot be reached";
    sender.setPort(port);
    let swarm: Swarm | undefined;
    let own = -1;
    if (readUint32(packet, AnnounceAt.event) === STOPPED) {
      this.#leave(packet, sender, nowMs);
      swarm = swarms.get(packet, AnnounceAt.infoHash, sender.family);
    } else {
      const admission = this.#store(packet, sender, nowMs);
      // A peer that a crowded swarm cannot store still gets peers, but is not given to others.
      swarm = admission.swarm;
      if (admission.type === "stored") own = admission.slot;
    }
    return this.#write(packet, sender, swarm, own, nowMs, into);
  }

  /** What the peer had at its end is in this announce. */
  #leave(packet: Uint8Array, sender: RequestOrigin, nowMs: number): void {
    const { swarms, attendance } = this.#options;
    const swarm = swarms.get(packet, AnnounceAt.infoHash, sender.family);
    const slot = swarm === undefined ? -1 : swarms.slotOf(swarm, sender.words, 0);
    if (swarm === undefined || slot < 0) return;
    swarm.rosterOf(slot).touch(indexOf(slot), leftOf(packet), nowMs);
    attendance.leaving(swarm, slot, sender, saidIn(packet, fileIn(packet)));
    swarms.leave(swarm, sender);
  }

  /** Stores the peer and the listing it claims. */
  #store(packet: Uint8Array, sender: RequestOrigin, nowMs: number): AnnounceOutcome {
    const { swarms, attendance, onChange, onStored } = this.#options;
    const admission = swarms.announce({
      packet,
      hashAt: AnnounceAt.infoHash,
      sender,
      leftBytes: leftOf(packet),
      peerIdAt: AnnounceAt.peerId,
      completed: readUint32(packet, AnnounceAt.event) === COMPLETED,
    }, nowMs);
    if (admission.type === "crowded") return admission;
    const { swarm, slot } = admission;
    const file = fileIn(packet);
    this.#claim(swarm, slot, packet, file);
    attendance.announced(admission, sender, saidIn(packet, file));
    onStored?.(sender, admission.joined, nowMs);
    if (admission.joined) {
      onChange("joined", swarm, slot);
      if (readUint32(packet, AnnounceAt.event) === NONE) this.#options.onReturn();
    }
    if (admission.completed) onChange("completed", swarm, slot);
    return admission;
  }

  /** Replaces the catalogue entry that the peer claims to host. */
  #claim(swarm: Swarm, slot: PeerSlot, packet: Uint8Array, file: HostedFile | undefined): void {
    const { catalogue } = this.#options;
    const before = swarm.listingOf(slot);
    if (file === undefined && before === 0) return;
    const roster = swarm.rosterOf(slot);
    const claimant = {
      words: roster.words,
      at: indexOf(slot) * roster.stride,
      stride: roster.stride,
    };
    const infoHash = packet.subarray(AnnounceAt.infoHash, AnnounceAt.infoHash + HASH_LENGTH);
    const number = file === undefined ? 0 : catalogue.hold(infoHash, file, claimant);
    swarm.setListing(slot, number);
    if (before !== 0) catalogue.release(before, claimant);
    if (file?.v2Hash !== undefined) this.#pair(swarm, number, infoHash);
  }

  /** Pairs the two swarms of a hybrid torrent once both exist. */
  #pair(swarm: Swarm, number: number, infoHash: Uint8Array): void {
    const { catalogue, swarms } = this.#options;
    const listing = catalogue.numbered(number);
    if (swarm.twin !== undefined || listing === undefined) return;
    const hash = catalogue.otherHash(listing, infoHash);
    const twin = hash && swarms.get(hash, 0, swarm.family);
    if (twin !== undefined) swarms.pair(swarm, twin);
  }

  #write(
    packet: Uint8Array,
    sender: RequestOrigin,
    swarm: Swarm | undefined,
    own: PeerSlot,
    nowMs: number,
    into: ResponseBuffer,
  ): Uint8Array {
    const longest = this.#options.intervalSeconds;
    const counts = swarm?.counts() ?? NOBODY;
    const ageMs = swarm === undefined ? 0 : nowMs - swarm.sinceMs;
    const peers = counts.seeders + counts.leechers;
    const announces = this.#rates.add(sender, nowMs);
    const interval = intervalSeconds(ageMs, peers, longest, announces);
    into.writeHeader(readUint32(packet, 12), interval, counts);
    if (swarm === undefined || readUint32(packet, AnnounceAt.event) === STOPPED) {
      return into.answer(0);
    }
    const count = readUint32(packet, AnnounceAt.numWant) | 0;
    const leechersOnly = leftOf(packet) === 0 && !isAria2(packet);
    return into.answer(this.#lists.write({ swarm, sender, own, count, leechersOnly, into }));
  }
}

function leftOf(packet: Uint8Array): number {
  return readUint64(packet, AnnounceAt.leftBytes);
}

function readUint64(packet: Uint8Array, at: number): number {
  return readUint32(packet, at) * 2 ** 32 + readUint32(packet, at + 4);
}

/** What the peer claims to host. */
function fileIn(packet: Uint8Array): HostedFile | undefined {
  if (packet.length === AnnounceAt.options) return undefined;
  const urlData = decodeOptions(packet, AnnounceAt.options);
  return urlData === "" ? undefined : parseUrlData(urlData);
}

function saidIn(packet: Uint8Array, file: HostedFile | undefined) {
  const downloadedBytes = readUint64(packet, AnnounceAt.downloadedBytes);
  return { file, leftBytes: leftOf(packet), downloadedBytes };
}

/**
 * aria2 reports zero bytes left even while it has only a magnet link and no metadata yet, so for aria2 this
 * value does not mean that it has no use for seeders.
 */
function isAria2(packet: Uint8Array): boolean {
  return readUint32(packet, AnnounceAt.peerId) >>> 8 === ARIA2;
}

/** Interval for the newest swarms, and the minimum for every swarm. */
const FIRST_SECONDS = 5;
/** The interval is the swarm's age divided by this: 10 s after a minute, 60 s after six. */
const AGE_PARTS = 6;
/** Above this many peers the interval grows with the swarm, so that a crowd does not flood the tracker. */
const SMALL_SWARM = 50;

/**
 * Announces in five seconds above which a host gets longer intervals: it has many torrents, or is many
 * machines behind one address.
 */
const MANY_ANNOUNCES = 10;

/**
 * Seconds until the next announce, from 5 up to `longestSeconds`. Peers of a young, small swarm announce
 * often: they arrive together and do not know each other yet, and a restarted tracker knows no peers. The
 * interval never exceeds the time for which peers are remembered, so that none expires by mistake.
 *
 * @param ageMs since the swarm's first peer joined
 * @param peers number of peers in the swarm
 * @param announces how many announces the peer's host makes in five seconds
 */
export function intervalSeconds(
  ageMs: number,
  peers: number,
  longestSeconds: number,
  announces = 0,
): number {
  const byAge = Math.max(FIRST_SECONDS, ageMs / 1000 / AGE_PARTS);
  const bySize = Math.max(1, peers / SMALL_SWARM, announces / MANY_ANNOUNCES);
  return Math.min(longestSeconds, Math.round(byAge * bySize));
}
