/**
 * Peers tell each other of peers (BEP 11).
 *
 * What is told is the difference to what was told before. So there is one list of everybody in the order
 * in which they came or left, and each connection remembers how far it has been told; while nothing
 * changes, nothing is looked at.
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

/** One message a minute is the rule, and libtorrent hangs up on more than six. */
const INTERVAL_MS = 60_000;
/** The first message waits a little, so that in a young swarm it names more than the first who came. */
const FIRST_MS = 3000;
/** Shoal takes news as they come: a swarm without a tracker is connected within seconds. */
const SHOAL_INTERVAL_MS = 2000;
/** `-SO` in hex. */
const SHOAL_ID = "2d534f";

/** Messages a peer may send in a burst, and per second; ours to Shoal come every two seconds. */
const MESSAGE_BURST = 10;
const MESSAGES_PER_SECOND = 1;
/** Messages beyond that are not read. After so many the peer has to go. */
const MAX_UNREAD = 50;
/** New addresses taken from one peer at first, and per second: what an honest one has to tell. */
const ADDRESS_BURST = 200;
const ADDRESSES_PER_SECOND = 1;
/** Those who left are remembered so long that everybody can be told. */
const MAX_GONE = 100;
/**
 * Those who parted from us because neither wants anything are where they were, and just what a newcomer
 * looks for. So many of them are named (BEP 11), for so long.
 */
const MAX_PARTED = 25;
const PARTED_MS = 5 * 60_000;

/** Somebody who is connected to us, or just was. */
interface Presence extends HostPort {
  readonly reach: AddressScope;
  /** Absent when there is none any more. */
  connection: Connection | undefined;
  /** It is there as far as we know. */
  isHere: boolean;
  /** What was last known of it, when it is not connected. */
  flags: number;
  /** The number of the change by which it came. */
  readonly cameAt: number;
  /** The number of the last change. */
  changedAt: number;
}

/** What was said on one connection. */
interface Line {
  /** Address under which others are told of this peer, once we know where it listens. */
  address: string | undefined;
  /** How far the peer's address reaches; `undefined`: nobody else can dial it there. */
  readonly reach: AddressScope | undefined;
  /** The last change the peer knows of. */
  told: number;
  nextMs: number;
  readonly messages: TokenBucket;
  readonly addresses: TokenBucket;
  unread: number;
}

/** Both directions of peer exchange. */
export class PeerExchange {
  readonly #context: PeerContext;
  readonly #lines = new Map<Connection, Line>();
  /** By address, in the order of their last change. */
  readonly #presences = new Map<string, Presence>();
  readonly #parted: { readonly presence: Presence; readonly untilMs: number }[] = [];
  #changes = 0;
  #gone = 0;

  /** Tells of peers that are connected, and takes new ones into the list of `context`. */
  constructor(context: PeerContext) {
    this.#context = context;
  }

  /** A connection is open. */
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

  /** The connection is gone. `isHere`: the peer is not, we parted only because neither wants anything. */
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
   * A peer tells of others. Who left its side may still be there for us, so only the new ones count.
   *
   * @throws {ProtocolError} when it is no such message, or the peer sends them without end
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

  /** Tells those who do not know it yet who came and who left. */
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

  /** We know where the peer listens, so others can be told. */
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

  /** It becomes the last in the order of changes. */
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

  /** The one that parted first is not named any more, unless it came back. */
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
 * Whether an address means the same to both: a loopback address or one of a private network does so only
 * within that machine or network.
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
