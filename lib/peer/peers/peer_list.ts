/**
 * The known peers of a torrent: their addresses and states, and which to try next.
 *
 * @module
 */

import { formatHostPort } from "../../codec/address.ts";
import { addressOf, newPeer, type Peer, type PeerSource, sourceRank } from "../connection/peer.ts";
import { nextState, type PeerEvent } from "../connection/peer_state.ts";
import { BanList } from "./ban_list.ts";
import { DialQueue, type PriorityOf, RetryQueue } from "./dial_queue.ts";
import { PeerListCapacity } from "./peer_list_capacity.ts";

export { addressOf, type Peer, type PeerSource } from "../connection/peer.ts";

const FIRST_BACK_OFF_MS = 1000;
const MAX_BACK_OFF_MS = 30_000;
const MAX_FAILURES = 8;
/** How long to leave a peer alone that turned out to be connected under another address. */
const DUPLICATE_RETRY_MS = 60_000;
/** Limit for addresses that turned out to be our own; no machine has as many. */
const MAX_OWN_ADDRESSES = 64;
/** How many former ids of a peer still identify it as the sender of blocks in flight. */
const MAX_FORMER_IDS = 8;

/** All known peers of one torrent. */
export class PeerList {
  readonly #byAddress = new Map<string, Peer>();
  readonly #byId = new Map<number, Peer>();
  readonly #bans = new BanList();
  readonly #places = new PeerListCapacity();
  readonly #contributors = new Set<Peer>();
  readonly #ownAddresses = new Set<string>();
  readonly #formerIds = new Map<Peer, number[]>();
  readonly #dials = new DialQueue(); // peers that are available and dialable
  readonly #retries = new RetryQueue(); // peers that are away
  readonly #connecting = new Set<Peer>();
  #isPrivate = false;
  readonly #onChange: (peer: Peer) => void;
  #nextId = 0;

  /** `onChange` is called on every change of state. */
  constructor(onChange: (peer: Peer) => void) {
    this.#onChange = onChange;
  }

  /** Number of known peers. */
  get size(): number {
    return this.#byAddress.size + this.#bans.size;
  }

  /** Peers with a connection attempt under way, inbound or outbound. */
  get connecting(): ReadonlySet<Peer> {
    return this.#connecting;
  }

  /** See {@link DialQueue.best}. */
  nextToDial(
    count: number,
    weWantNothing: boolean,
    priorityOf: PriorityOf,
    mayDial?: (peer: Peer) => boolean,
  ): Peer[] {
    return this.#dials.best(count, weWantNothing, priorityOf, mayDial);
  }

  /** All peers, the banned ones last. */
  *values(): Generator<Peer> {
    yield* this.#byAddress.values();
    yield* this.#bans.values();
  }

  /** The peer with this id, if it is still known. */
  byId(id: number): Peer | undefined {
    return this.#byId.get(id);
  }

  /**
   * Adds a peer. Returns it, or `undefined` when the list is full, the address is our own, or the torrent is
   * private and the source is not allowed.
   *
   * @param said.v2 it is known under the v2 info-hash
   * @param said.wantsNothing the source says that it wants nothing; applies to new peers
   * @param said.by IP address of the source; absent when the peer named itself
   */
  addPeer(
    host: string,
    port: number,
    source: PeerSource,
    said: { v2?: boolean; wantsNothing?: boolean; by?: string | undefined } = {},
  ): Peer | undefined {
    const { v2 = false, wantsNothing = false, by = host } = said;
    const address = formatHostPort(host, port);
    if (this.#ownAddresses.has(address)) return undefined;
    if (this.#isPrivate && (source === "peer" || source === "local")) return undefined;
    const known = this.#at(address);
    if (known !== undefined) return this.#learnAgain(known, source, v2);
    if (port < 1 || port > 65535) return undefined;
    const room = this.#places.roomFor({ host, source, by });
    if (room === false) return undefined;
    if (room !== true) this.#forget(room);
    const dialable = source !== "inbound";
    return this.#add({ host, port, source, dialable, v2, wantsNothing }, by);
  }

  /** Whether there is a peer at this address. */
  knows(host: string, port: number): boolean {
    return this.#at(formatHostPort(host, port)) !== undefined;
  }

  /** Adds a web seed (BEP 19). It is treated as a peer that wants nothing and is never given up. */
  addWebSeed(url: URL): void {
    if (this.#byAddress.has(url.href)) return;
    const { href, hostname: host, protocol, port } = url;
    const said = { url: href, host, port: Number(port) || (protocol === "https:" ? 443 : 80) };
    this.#add({ ...said, source: "user", dialable: true, v2: false, wantsNothing: true }, host);
  }

  #at(address: string): Peer | undefined {
    return this.#byAddress.get(address) ?? this.#bans.at(address);
  }

  #add(said: Omit<Parameters<typeof newPeer>[0], "id">, by: string): Peer {
    const peer = newPeer({ id: this.#nextId++, ...said });
    this.#byAddress.set(addressOf(peer), peer);
    this.#byId.set(peer.id, peer);
    this.#places.add(peer, by);
    if (peer.dialable) this.#dials.add(peer);
    return peer;
  }

  /** Applies a state transition and reports the change. */
  apply(peer: Peer, event: PeerEvent, reason = ""): void {
    const before = peer.state;
    const after = nextState(before, event);
    if (after === "forgotten") {
      this.#forget(peer);
      return;
    }
    if (reason !== "") peer.reason = reason;
    if (before === after) return;
    peer.state = after;
    if (before === "available") this.#dials.delete(peer);
    else if (before === "connecting") this.#connecting.delete(peer);
    if (after === "available" && peer.dialable) this.#dials.add(peer);
    else if (after === "connecting") this.#connecting.add(peer);
    else if (after === "away") this.#retries.add(peer);
    else if (after === "banned") this.#banned(peer);
    this.#onChange(peer);
  }

  /** A connection or an attempt ended. A `useful` connection resets the back-off. */
  lost(peer: Peer, reason: string, useful: boolean, nowMs: number, random: () => number): void {
    peer.failures = useful ? 0 : peer.failures + 1;
    const backOffMs = Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** peer.failures);
    peer.retryAtMs = nowMs + backOffMs * (0.75 + random() / 2);
    this.apply(peer, "loss", peer.state === "banned" ? "" : reason); // a banned peer keeps its reason
    if (peer.state !== "away") return;
    const hopeless = peer.failures > MAX_FAILURES && peer.source !== "user";
    if (!peer.dialable || hopeless) this.apply(peer, "given up");
  }

  /** Schedules the retry of a peer that is away. */
  postpone(peer: Peer, untilMs: number): void {
    if (peer.state !== "away") return;
    peer.retryAtMs = untilMs;
    this.#retries.add(peer);
  }

  /**
   * A connection or an attempt ended because there is another one with the same peer. That is no failure, but
   * the address is not tried again before `againMs` have passed.
   */
  duplicate(peer: Peer, reason: string, nowMs: number, againMs = DUPLICATE_RETRY_MS): void {
    peer.retryAtMs = nowMs + againMs;
    this.apply(peer, "loss", peer.state === "banned" ? "" : reason);
    if (peer.state === "away" && !peer.dialable) this.apply(peer, "given up");
  }

  /** Makes peers available again whose back-off is over. */
  refresh(nowMs: number): void {
    for (const peer of this.#retries.due(nowMs)) {
      if (this.#byId.get(peer.id) === peer) this.apply(peer, "back-off over"); // else it was forgotten
    }
  }

  /**
   * Only trackers and the user may introduce peers from now on (BEP 27). Forgets all other peers. Returns
   * those that are connecting or connected, which are forgotten when their connection ends.
   */
  becomePrivate(): Peer[] {
    this.#isPrivate = true;
    const found = [...this.#byAddress.values()].filter(({ source }) =>
      source === "peer" || source === "local"
    );
    for (const peer of found) {
      if (peer.state === "available" || peer.state === "away") this.apply(peer, "given up");
      else peer.dialable = false;
    }
    return found.filter(({ state }) => state === "connecting" || state === "connected");
  }

  /**
   * An inbound peer told us its listen port, so its address changes. If an idle peer is already known at that
   * address, the two are merged.
   */
  setListenPort(peer: Peer, listenPort: number): void {
    if (peer.dialable || listenPort < 1 || listenPort > 65535) return;
    const known = this.#at(formatHostPort(peer.host, listenPort));
    const occupied = known?.state === "connecting" || known?.state === "connected";
    if (occupied && known !== peer) return;
    this.#byAddress.delete(addressOf(peer));
    peer.port = listenPort;
    peer.dialable = true;
    this.#byAddress.set(addressOf(peer), peer);
    if (known !== undefined && known !== peer) this.#merge(known, peer);
  }

  /** The peer's address is our own and must not be learned again. */
  isOurselves(peer: Peer): void {
    if (this.#ownAddresses.size < MAX_OWN_ADDRESSES) this.#ownAddresses.add(addressOf(peer));
    peer.dialable = false;
  }

  /** Records that the peer sent verified data. The record outlives the peer's place in the list. */
  credit(peer: Peer): void {
    this.#contributors.add(peer);
  }

  /** All peers that sent verified data. */
  contributors(): Iterable<Peer> {
    return this.#contributors;
  }

  /** Bans a peer whose data failed verification, when no other peer can be to blame. */
  ban(peer: Peer, peerIdHex: string | undefined, reason: string): void {
    this.apply(peer, "corrupt", reason);
    if (peerIdHex !== undefined) this.#bans.addId(peer, peerIdHex);
  }

  /** Whether a peer with this id was banned at this host. */
  isBannedId(host: string, peerIdHex: string): boolean {
    return this.#bans.hasId(host, peerIdHex);
  }

  /** Moves the peer to the ban list. */
  #banned(peer: Peer): void {
    this.#leavePlace(peer);
    const forgotten = this.#bans.add(peer);
    if (forgotten !== undefined) this.#forgetNumbers(forgotten);
  }

  /** Replaces `known` with `peer`, since they turned out to be the same. */
  #merge(known: Peer, peer: Peer): void {
    // Blocks it sent carry its id.
    const formerIds = [...this.#formerIds.get(known) ?? [], known.id].slice(-MAX_FORMER_IDS);
    this.#forget(known);
    this.#formerIds.set(peer, formerIds);
    for (const id of formerIds) this.#byId.set(id, peer);
    if (sourceRank(known.source) < sourceRank(peer.source)) {
      this.#places.setSource(peer, known.source);
    }
    peer.v2 ||= known.v2;
    peer.verifiedBytes += known.verifiedBytes;
    peer.badPieces += known.badPieces;
    if (this.#contributors.delete(known)) this.#contributors.add(peer);
    if (known.state === "banned") this.apply(peer, "corrupt", known.reason);
  }

  #learnAgain(known: Peer, source: PeerSource, v2: boolean): Peer {
    this.apply(known, "learned");
    if (known.state === "available") this.#dials.delete(known);
    known.v2 ||= v2;
    known.dialable ||= source !== "inbound";
    if (sourceRank(source) < sourceRank(known.source)) this.#places.setSource(known, source);
    if (known.state === "available" && known.dialable) this.#dials.add(known);
    return known;
  }

  #forget(peer: Peer): void {
    if (peer.state === "banned") this.#bans.delete(peer);
    else this.#leavePlace(peer);
    this.#forgetNumbers(peer);
  }

  #leavePlace(peer: Peer): void {
    if (this.#byAddress.get(addressOf(peer)) === peer) this.#byAddress.delete(addressOf(peer));
    this.#places.delete(peer);
    this.#dials.delete(peer);
  }

  #forgetNumbers(peer: Peer): void {
    for (const id of [peer.id, ...this.#formerIds.get(peer) ?? []]) this.#byId.delete(id);
    this.#formerIds.delete(peer);
  }
}
