/**
 * Receives from and sends to a multicast group on every network of this machine.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import { type HostPort, isIp, isLoopback, normalizeIp } from "../../codec/address.ts";
import { isLinkLocalIPv6, ranked } from "../../runtime/address_rank.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { listenDatagram } from "../../runtime/datagrams.ts";
import { networkInterfaces, UNLISTED_INTERFACES } from "../../runtime/permissions.ts";
import { routeClues } from "../../runtime/route_clues.ts";

/** Longer than any valid packet, so that longer ones are recognised. */
const RECEIVE_LENGTH = 2048;

/** Pause after a failed receive, so that a socket that keeps failing does not use up the CPU. */
const RECEIVE_RETRY_MS = 100;

/** Maximum number of networks, best first: a container host can have hundreds, few of which are a LAN. */
const MAX_NETWORKS = 256;

/** How many networks a packet may cross: it stays in the one that it was sent to. */
const HOPS = 1;

/** Receives a packet, and the IP address and port that it came from. */
export type PacketListener = (packet: Uint8Array, from: HostPort) => void;

/** This machine's address in one of its networks. */
interface Attachment {
  readonly address: string;
  /** The interface in the form that multicast options take. */
  readonly via: string;
  /** The interface index, for IPv6. */
  readonly index: number;
}

/** Membership in one group of one address family. The owner must close it. */
export class MulticastGroup {
  readonly #family: 4 | 6;
  readonly #group: HostPort;
  readonly #receiver: Deno.DatagramConn;
  readonly #senders = new Map<string, Socket>();
  readonly #closing = new AbortController();
  readonly #receiving: Promise<void>;
  readonly #clock: Clock;
  readonly #onReply: PacketListener;
  #left = 0;

  /**
   * Opens the receiving socket, on no network yet; {@link refresh} joins them. Other programs may listen as
   * well.
   *
   * @param onPacket receives each packet to the group, including our own packets
   * @param onReply receives each packet to one of the addresses that we send from
   * @throws if the system does not allow it
   */
  constructor(
    family: 4 | 6,
    group: HostPort,
    onPacket: PacketListener,
    onReply: PacketListener = () => {},
    clock: Clock = systemClock,
  ) {
    this.#family = family;
    this.#group = group;
    this.#onReply = onReply;
    this.#clock = clock;
    this.#receiver = listenDatagram({
      transport: "udp",
      hostname: family === 4 ? "0.0.0.0" : "::",
      port: group.port,
      reuseAddress: true,
    });
    this.#receiving = this.#receive(onPacket);
  }

  /** The addresses it sends from, one for each network. */
  get addresses(): string[] {
    return [...this.#senders.keys()];
  }

  /** Number of networks left out because there are too many. */
  get left(): number {
    return this.#left;
  }

  /** Updates the list of networks. Returns whether there is a new one. */
  async refresh(): Promise<boolean> {
    const all = attachmentsOf(this.#family);
    const attachments = all.slice(0, MAX_NETWORKS);
    this.#left = all.length - attachments.length;
    const present = new Set(attachments.map(({ address }) => address));
    for (const [address, sender] of this.#senders) {
      if (present.has(address)) continue;
      this.#senders.delete(address);
      sender.close();
    }
    let hasNew = false;
    for (const attachment of attachments.filter(({ address }) => !this.#senders.has(address))) {
      const sender = await openSender(this.#family, attachment, this.#onReply);
      if (sender === undefined) continue;
      if (this.#closing.signal.aborted) {
        sender.close();
        break;
      }
      this.#senders.set(attachment.address, sender);
      await this.#join(attachment, sender);
      hasNew = true;
    }
    return hasNew;
  }

  /**
   * Sends a packet to all networks, or from one address only. Send errors are ignored, as packets may get
   * lost anyway.
   */
  async send(packet: Uint8Array, from?: string): Promise<void> {
    const { host, port } = this.#group;
    await Promise.all(
      [...this.#senders].map(([address, sender]) =>
        from !== undefined && from !== address
          ? undefined
          : new Promise<void>((resolve) => sender.send(packet, port, host, () => resolve()))
      ),
    );
  }

  /** Sends a packet to one host, from this address of {@link addresses}. Errors are ignored as well. */
  async reply(packet: Uint8Array, to: HostPort, from: string): Promise<void> {
    const sender = this.#senders.get(from);
    if (sender === undefined) return;
    await new Promise<void>((resolve) => sender.send(packet, to.port, to.host, () => resolve()));
  }

  /** Leaves the group and closes all sockets. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return await this.#receiving;
    this.#closing.abort();
    this.#receiver.close();
    for (const sender of this.#senders.values()) sender.close();
    this.#senders.clear();
    await this.#receiving;
  }

  /**
   * Joins the group on this network. On Linux a socket may join only about twenty networks. Beyond that the
   * sending socket joins instead, and the receiving socket gets whatever the machine accepts.
   */
  async #join({ address, via, index }: Attachment, sender: Socket): Promise<void> {
    const { host } = this.#group;
    try {
      if (this.#family === 4) await this.#receiver.joinMulticastV4(host, address);
      else await this.#receiver.joinMulticastV6(host, index);
      return;
    } catch {
      // Too many memberships, or this network was already joined with another address.
    }
    try {
      sender.addMembership(host, via);
    } catch {
      // This network does not support multicast.
    }
  }

  async #receive(onPacket: PacketListener): Promise<void> {
    const buffer = new Uint8Array(RECEIVE_LENGTH);
    while (!this.#closing.signal.aborted) {
      let received;
      try {
        received = await this.#receiver.receive(buffer);
      } catch {
        await this.#clock.sleep(RECEIVE_RETRY_MS, this.#closing.signal);
        continue;
      }
      const [packet, from] = received;
      const { hostname, port } = from as Deno.NetAddr;
      if (!this.#closing.signal.aborted) onPacket(packet, { host: normalizeIp(hostname), port });
    }
  }
}

/**
 * A socket that sends from this address through its interface, without a route for the group. Deno's own
 * sockets cannot choose the interface. `undefined` if the system does not allow it.
 */
async function openSender(
  family: 4 | 6,
  { address, via }: Attachment,
  onReply: PacketListener,
): Promise<Socket | undefined> {
  const socket = createSocket(family === 4 ? "udp4" : "udp6");
  const bound = Promise.withResolvers<void>();
  socket.on("error", bound.reject); // once bound, an error only means a lost packet
  socket.on("message", (packet, { address, port }) => {
    // A copy: slices of Node's buffers are views.
    onReply(Uint8Array.from(packet), { host: normalizeIp(address), port });
  });
  try {
    socket.bind(0, address, bound.resolve);
    await bound.promise;
    socket.setMulticastInterface(via);
    socket.setMulticastTTL(HOPS);
    socket.setMulticastLoopback(true); // so that other programs on this machine receive it
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}

/** One address for each network; loopback only if there is nothing else. */
function attachmentsOf(family: 4 | 6): Attachment[] {
  const listed = networkInterfaces();
  if (listed === undefined) throw new Error(UNLISTED_INTERFACES);
  const interfaces = ranked(listed, routeClues(listed.map(({ name }) => name)));
  const own = interfaces.filter((each) => isIp(each.address) && each.family === `IPv${family}`);
  const attachments = family === 4
    ? own.map(({ address }) => ({ address, via: address, index: 0 }))
    : own.flatMap(({ name, address }) => {
      // The interface index is listed with the link-local address, but peers cannot dial that address.
      if (isLinkLocalIPv6(address)) return [];
      const index = own.find((other) => other.name === name && isLinkLocalIPv6(other.address))
        ?.scopeid;
      return typeof index === "number" ? [{ address, via: `::%${index}`, index }] : [];
    });
  const outside = attachments.filter(({ address }) => !isLoopback(address));
  return outside.length > 0 ? outside : attachments;
}
