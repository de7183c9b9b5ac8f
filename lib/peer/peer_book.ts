/**
 * The peers we know of: who they are, in which state, and whom to try next.
 *
 * @module
 */

import { formatHostPort } from "../codec/address.ts";
import { nextState, type PeerEvent, type PeerState } from "./state.ts";

/** Where we learned of a peer. What the user named is never given up. */
export type PeerSource = "user" | "tracker" | "inbound" | "peer";

/** How many peers are remembered; the rest of a flood of addresses is dropped. */
const MAX_PEERS = 3000;
const FIRST_BACK_OFF_MS = 1000;
const MAX_BACK_OFF_MS = 30_000;
const MAX_FAILURES = 8;
/** Addresses that turned out to be our own; more than a machine has. */
const MAX_OWN_ADDRESSES = 64;
/** Earlier numbers under which blocks on their way may still be known as a peer's. */
const MAX_FORMER_IDS = 8;

/** Somebody who takes part in the swarm, or once did. */
export interface Peer {
  /** Number of this peer in its book. */
  readonly id: number;
  host: string;
  port: number;
  state: PeerState;
  source: PeerSource;
  /** False when the port is only where its connection came from: nobody listens there. */
  dialable: boolean;
  /** It serves the v2 info-hash, as far as the tracker told. */
  v2: boolean;
  /** It had every piece when last seen. */
  complete: boolean;
  /** Attempts or connections that brought nothing, in a row. */
  failures: number;
  retryAtMs: number;
  /** What it calls itself. */
  client: string;
  /** Why it is away or banned, in words. */
  reason: string;
  /** Verified bytes received from it. */
  verifiedBytes: number;
  /** Pieces that failed and that it had a part in: it now fetches alone or not at all. */
  suspect: boolean;
}

/** `host:port` of a peer, brackets around IPv6. */
export function addressOf(peer: Peer): string {
  return formatHostPort(peer.host, peer.port);
}

/** All known peers of one torrent. */
export class PeerBook {
  readonly #byAddress = new Map<string, Peer>();
  readonly #byId = new Map<number, Peer>();
  readonly #bannedIds = new Set<string>(); // host and peer id in hex
  readonly #contributors = new Set<Peer>();
  readonly #ownAddresses = new Set<string>();
  readonly #formerIds = new Map<Peer, number[]>();
  readonly #onChange: (peer: Peer) => void;
  #nextId = 0;

  /** `onChange` hears of every change of state. */
  constructor(onChange: (peer: Peer) => void) {
    this.#onChange = onChange;
  }

  /** How many peers are known. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** All peers. */
  values(): IterableIterator<Peer> {
    return this.#byAddress.values();
  }

  /** The peer with this number, if it is still known. */
  byId(id: number): Peer | undefined {
    return this.#byId.get(id);
  }

  /**
   * Somebody told us of a peer at this address. Returns it, or `undefined` when the book is full or
   * the address is our own.
   */
  learn(host: string, port: number, source: PeerSource, v2 = false): Peer | undefined {
    const address = formatHostPort(host, port);
    if (this.#ownAddresses.has(address)) return undefined;
    const known = this.#byAddress.get(address);
    if (known !== undefined) {
      this.apply(known, "learned");
      known.v2 ||= v2;
      if (source === "user") known.source = "user";
      known.dialable ||= source !== "inbound";
      return known;
    }
    if (port < 1 || port > 65535) return undefined;
    if (this.#byAddress.size >= MAX_PEERS && !this.#makeRoom(source)) return undefined;
    const peer: Peer = {
      id: this.#nextId++,
      host,
      port,
      state: "available",
      source,
      dialable: source !== "inbound",
      v2,
      complete: false,
      failures: 0,
      retryAtMs: 0,
      client: "",
      reason: "",
      verifiedBytes: 0,
      suspect: false,
    };
    this.#byAddress.set(address, peer);
    this.#byId.set(peer.id, peer);
    return peer;
  }

  /** Moves a peer along the table of states; reports the change. */
  apply(peer: Peer, event: PeerEvent, reason = ""): void {
    const before = peer.state;
    const after = nextState(before, event);
    if (after === "forgotten") {
      this.#forget(peer);
      return;
    }
    peer.state = after;
    if (reason !== "") peer.reason = reason;
    if (before !== after) this.#onChange(peer);
  }

  /** An attempt or a connection ended. `useful` connections start the back-off anew. */
  lost(peer: Peer, reason: string, useful: boolean, nowMs: number, random: () => number): void {
    peer.failures = useful ? 0 : peer.failures + 1;
    const backOffMs = Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** peer.failures);
    peer.retryAtMs = nowMs + backOffMs * (0.75 + random() / 2);
    this.apply(peer, "loss", peer.state === "banned" ? "" : reason); // why it is banned stays known
    if (peer.state !== "away") return;
    const hopeless = peer.failures > MAX_FAILURES && peer.source !== "user";
    if (!peer.dialable || hopeless) this.apply(peer, "given up");
  }

  /** Everybody whose back-off is over becomes available again. */
  refresh(nowMs: number): void {
    for (const peer of this.#byAddress.values()) {
      if (peer.state === "away" && peer.retryAtMs <= nowMs) this.apply(peer, "back-off over");
    }
  }

  /**
   * An inbound peer said on which port it listens: from now on it is the peer at that address. Where
   * that address is known already and idle, the two become one.
   */
  identify(peer: Peer, listenPort: number): void {
    if (peer.dialable || listenPort < 1 || listenPort > 65535) return;
    const known = this.#byAddress.get(formatHostPort(peer.host, listenPort));
    const occupied = known?.state === "connecting" || known?.state === "connected";
    if (occupied && known !== peer) return;
    this.#byAddress.delete(addressOf(peer));
    peer.port = listenPort;
    peer.dialable = true;
    this.#byAddress.set(addressOf(peer), peer);
    if (known !== undefined && known !== peer) this.#merge(known, peer);
  }

  /** This peer's address is our own: it is not learned again. */
  isOurselves(peer: Peer): void {
    if (this.#ownAddresses.size < MAX_OWN_ADDRESSES) this.#ownAddresses.add(addressOf(peer));
    peer.dialable = false;
  }

  /** It gave verified data: it is remembered for that, also when it is forgotten as a peer. */
  credit(peer: Peer): void {
    this.#contributors.add(peer);
  }

  /** Everybody who gave verified data. */
  contributors(): Iterable<Peer> {
    return this.#contributors;
  }

  /** Its data failed verification and nobody else can be to blame. */
  ban(peer: Peer, peerIdHex: string | undefined, reason: string): void {
    if (peerIdHex !== undefined) this.#bannedIds.add(`${peer.host} ${peerIdHex}`);
    this.apply(peer, "corrupt", reason);
  }

  /** Whether somebody with this peer id was banned at this host. */
  isBannedId(host: string, peerIdHex: string): boolean {
    return this.#bannedIds.has(`${host} ${peerIdHex}`);
  }

  /** `peer` takes the place of `known`, who turned out to be the same. */
  #merge(known: Peer, peer: Peer): void {
    // Blocks it sent are remembered by its number.
    const formerIds = [...this.#formerIds.get(known) ?? [], known.id].slice(-MAX_FORMER_IDS);
    this.#forget(known);
    this.#formerIds.set(peer, formerIds);
    for (const id of formerIds) this.#byId.set(id, peer);
    peer.source = known.source;
    peer.v2 ||= known.v2;
    peer.verifiedBytes += known.verifiedBytes;
    if (this.#contributors.delete(known)) this.#contributors.add(peer);
    peer.suspect ||= known.suspect;
    if (known.state === "banned") this.apply(peer, "corrupt", known.reason);
  }

  /** Forgets somebody who failed; for a peer that is sure to exist also somebody never tried. */
  #makeRoom(source: PeerSource): boolean {
    const sure = source === "user" || source === "inbound";
    let untried: Peer | undefined;
    for (const peer of this.#byAddress.values()) {
      if (peer.source === "user") continue;
      if (peer.state === "away" && peer.failures > 0) {
        this.#forget(peer);
        return true;
      }
      if (peer.state === "available") untried ??= peer;
    }
    if (!sure || untried === undefined) return false;
    this.#forget(untried);
    return true;
  }

  #forget(peer: Peer): void {
    if (this.#byAddress.get(addressOf(peer)) === peer) this.#byAddress.delete(addressOf(peer));
    for (const id of [peer.id, ...this.#formerIds.get(peer) ?? []]) this.#byId.delete(id);
    this.#formerIds.delete(peer);
  }
}
