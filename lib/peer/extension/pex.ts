/**
 * Peer exchange (BEP 11).
 *
 * Each message carries the changes since the last one. One list therefore holds all peers in the order of
 * their last change, and each connection remembers up to which change its peer was told. While nothing
 * changes, there is nothing to do.
 *
 * @module
 */

import { formatHostPort, type HostPort } from "../../codec/address.ts";
import { type AddressScope, reachOf } from "../../codec/address_scope.ts";
import {
  decodePex,
  encodePex,
  MAX_PEX_PEERS,
  PEX_EXTENSION,
  PexFlag,
  type PexPeer,
} from "../../codec/wire/pex.ts";
import { ProtocolError } from "../../errors.ts";
import type { Connection } from "../connection/connection.ts";
import { TokenBucket } from "../connection/token_bucket.ts";
import { allowedAddresses } from "../peers/address_filter.ts";
import type { PeerContext } from "../peers/peer_context.ts";

/** The usual rate is one message a minute; libtorrent disconnects a peer that sends more than six. */
const INTERVAL_MS = 60_000;
/** Delay of the first message, so that in a young swarm it names more than the very first peers. */
const FIRST_MS = 3000;
/** Shoal accepts frequent messages, so that a swarm without a tracker is connected within seconds. */
const SHOAL_INTERVAL_MS = 2000;
/** `-SO` in hex. */
const SHOAL_ID = "2d534f";

/** Messages a peer may send in a burst, and per second. We send one every two seconds to Shoal. */
const MESSAGE_BURST = 10;
const MESSAGES_PER_SECOND = 1;
/** Messages beyond that are not read. After this many the peer is disconnected. */
const MAX_UNREAD = 50;
/** New addresses taken from one peer at first, and per second: as many as an honest peer has. */
const ADDRESS_BURST = 200;
const ADDRESSES_PER_SECOND = 1;
/** Peers that left are remembered so that every connection can be told; the oldest are dropped. */
const MAX_GONE = 100;
/**
 * Peers that we parted from because neither side wants anything are still there, and just what a newcomer
 * needs. This many of them are still announced (BEP 11), for this long.
 */
const MAX_PARTED = 25;
const PARTED_MS = 5 * 60_000;

/** A peer that is or recently was connected to us. */
interface Presence extends HostPort {
  readonly reach: AddressScope;
  /** Absent when the peer is not connected. */
  connection: Connection | undefined;
  /** The peer is still there as far as we know. */
  isHere: boolean;
  /** The peer's last known flags, when it is not connected. */
  flags: number;
  /** Number of the change that added it. */
  readonly cameAt: number;
  /** Number of its last change. */
  changedAt: number;
}

/** The PEX state of one connection. */
interface Line {
  /** Address under which this peer is announced to others, once we know its listen port. */
  address: string | undefined;
  /** Scope of the peer's address; `undefined` when no other peer can dial it. */
  readonly reach: AddressScope | undefined;
  /** The last change the peer was told of. */
  told: number;
  nextMs: number;
  readonly messages: TokenBucket;
  readonly addresses: TokenBucket;
  unread: number;
}

/** Sends and receives PEX messages. */
export class PeerExchange {
  readonly #context: PeerContext;
  readonly #lines = new Map<Connection, Line>();
  /** By address, in the order of their last change. */
  readonly #presences = new Map<string, Presence>();
  readonly #parted: { readonly presence: Presence; readonly untilMs: number }[] = [];
  #changes = 0;
  #gone = 0;

  constructor(context: PeerContext) {
    this.#context = context;
  }

  onConnected(connection: Connection, nowMs: number): void {
    this.#lines.set(connection, {
      address: undefined,
      reach: reachOf(connection.peer.host),
      told: 0,
      nextMs: isShoal(connection) ? nowMs : nowMs + FIRST_MS,
      messages: new TokenBucket(MESSAGE_BURST, MESSAGES_PER_SECOND, nowMs),
      addresses: new TokenBucket(ADDRESS_BURST, ADDRESSES_PER_SECOND, nowMs),
      unread: 0,
    });
  }

  /**
   * The connection ended. `isHere`: the peer is still there; we parted because neither side wants anything.
   */
  onDisconnected(connection: Connection, isHere: boolean, nowMs: number): void {
    const line = this.#lines.get(connection);
    this.#lines.delete(connection);
    const presence = line?.address && this.#presences.get(line.address);
    if (!presence || presence.connection !== connection) return;
    presence.flags = flagsOf(connection);
    presence.connection = undefined;
    if (!isHere) return this.#isGone(presence);
    this.#parted.push({ presence, untilMs: nowMs + PARTED_MS });
    if (this.#parted.length > MAX_PARTED) this.#forgetParted();
  }

  /**
   * Handles a PEX message. Dropped peers are ignored, because a peer that left the sender may be there for
   * us.
   *
   * @throws {ProtocolError} when the message is malformed, or the peer sends too many
   */
  onMessage(connection: Connection, payload: Uint8Array, nowMs: number): void {
    const line = this.#lines.get(connection);
    if (line === undefined) return;
    if (!line.messages.tryTake(nowMs)) {
      if (++line.unread > MAX_UNREAD) throw new ProtocolError("sends lists of peers without end");
      return;
    }
    const { peers, ownAddresses } = this.#context;
    const { added } = decodePex(payload);
    for (const peer of allowedAddresses(added, "peer", ownAddresses, connection.peer.host)) {
      if (!peers.knows(peer.host, peer.port) && !line.addresses.tryTake(nowMs)) return;
      const [v2, wantsNothing] = [(peer.flags & PexFlag.v2) > 0, (peer.flags & PexFlag.seed) > 0];
      peers.addPeer(peer.host, peer.port, "peer", { v2, wantsNothing, by: connection.peer.host });
    }
  }

  /** Tells each peer which peers came and left since its last message. */
  tick(nowMs: number): void {
    while (this.#parted.length > 0 && nowMs >= this.#parted[0]!.untilMs) this.#forgetParted();
    for (const [connection, line] of this.#lines) {
      if (line.address === undefined && connection.peer.dialable) {
        this.#addPresence(connection, line);
      }
    }
    for (const [connection, line] of this.#lines) {
      if (line.told < this.#changes && nowMs >= line.nextMs) this.#tell(connection, line, nowMs);
    }
  }

  /** Adds a peer whose listen port we know, so that others can be told. */
  #addPresence(connection: Connection, line: Line): void {
    const { host, port } = connection.peer;
    line.address = formatHostPort(host, port);
    const before = this.#presences.get(line.address);
    const { reach } = line;
    if (before?.connection !== undefined || reach === undefined) return;
    if (before?.isHere) {
      before.connection = connection;
      return;
    }
    if (before !== undefined) this.#gone--;
    const at = this.#changes + 1;
    const times = { cameAt: at, changedAt: at };
    this.#changed({ host, port, reach, connection, isHere: true, flags: 0, ...times });
  }

  /** Moves the peer to the end of the order of changes. */
  #changed(presence: Presence): void {
    const address = formatHostPort(presence.host, presence.port);
    presence.changedAt = ++this.#changes;
    this.#presences.delete(address);
    this.#presences.set(address, presence);
  }

  #isGone(presence: Presence): void {
    presence.isHere = false;
    this.#changed(presence);
    if (++this.#gone <= MAX_GONE) return;
    for (const [address, { isHere }] of this.#presences) {
      if (isHere) continue;
      this.#presences.delete(address);
      this.#gone--;
      return;
    }
  }

  /** Stops announcing the peer that parted first, unless it came back. */
  #forgetParted(): void {
    const { presence } = this.#parted.shift()!;
    if (presence.isHere && presence.connection === undefined) this.#isGone(presence);
  }

  #tell(connection: Connection, line: Line, nowMs: number): void {
    const id = connection.extension.ids.get(PEX_EXTENSION) ?? 0;
    if (id === 0) return;
    const added: PexPeer[] = [], dropped: HostPort[] = [];
    for (const presence of this.#presences.values()) {
      const { host, port, reach, isHere, cameAt, changedAt } = presence;
      if (changedAt <= line.told) continue;
      if (added.length === MAX_PEX_PEERS || dropped.length === MAX_PEX_PEERS) break;
      if (presence.connection !== connection && isOfUse(reach, line.reach)) {
        const flags = presence.connection ? flagsOf(presence.connection) : presence.flags;
        if (isHere) added.push({ host, port, flags });
        else if (cameAt <= line.told) dropped.push({ host, port });
      }
      line.told = changedAt;
    }
    if (added.length + dropped.length === 0) return;
    line.nextMs = nowMs + (isShoal(connection) ? SHOAL_INTERVAL_MS : INTERVAL_MS);
    const payload = encodePex({ added, dropped });
    this.#context.emit({ type: "send", connection, message: { type: "extended", id, payload } });
  }
}

/**
 * Whether an address is valid for both peers. A loopback or private address is so only within that machine or
 * network.
 */
function isOfUse(reach: AddressScope | undefined, distance: AddressScope | undefined): boolean {
  return reach !== undefined && distance !== undefined && reach >= distance;
}

function isShoal(connection: Connection): boolean {
  return connection.negotiated.peerId.startsWith(SHOAL_ID);
}

function flagsOf({ peer, negotiated }: Connection): number {
  return (peer.wantsNothing ? PexFlag.seed : 0) | (negotiated.v2 ? PexFlag.v2 : 0) |
    (negotiated.inbound ? 0 : PexFlag.reachable);
}
