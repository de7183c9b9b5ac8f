/**
 * A multicast group, heard and spoken to on every network that this machine is in.
 *
 * @module
 */

import { createSocket, type Socket } from "node:dgram";
import { isIp, isLoopback } from "../codec/address.ts";
import { isLinkLocalIPv6, ranked } from "../runtime/address_rank.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { listenDatagram } from "../runtime/datagrams.ts";
import { networkInterfaces, UNLISTED_INTERFACES } from "../runtime/permissions.ts";
import { routeClues } from "../runtime/route_clues.ts";

/** Longer than any packet that is read, so that a longer one is seen to be too long. */
const RECEIVE_LENGTH = 2048;

/** A pause after a receive that failed, so that a socket that keeps failing takes no processor. */
const RECEIVE_RETRY_MS = 100;

/** Networks of one machine at most, the best first: a host of containers can have hundreds, few of them a LAN. */
const MAX_NETWORKS = 256;

/** A group and its port. */
interface GroupAddress {
  readonly host: string;
  readonly port: number;
}

/** An address of this machine with which it takes part in a network. */
interface Attachment {
  readonly address: string;
  /** The interface as multicast options name it. */
  readonly via: string;
  /** Its number, for IPv6. */
  readonly index: number;
}

/** Takes part in one group of one address family. Close it. */
export class MulticastGroup {
  readonly #family: 4 | 6;
  readonly #group: GroupAddress;
  readonly #receiver: Deno.DatagramConn;
  readonly #senders = new Map<string, Socket>();
  readonly #closing = new AbortController();
  readonly #receiving: Promise<void>;
  readonly #clock: Clock;
  #left = 0;

  /**
   * Listens, on no network yet: {@link refresh} looks for them. Other programs may listen as well.
   *
   * @param onPacket hears of each packet and the IP address it came from; our own are among them
   * @throws when the system does not let it
   */
  constructor(
    family: 4 | 6,
    group: GroupAddress,
    onPacket: (packet: Uint8Array, host: string) => void,
    clock: Clock = systemClock,
  ) {
    this.#family = family;
    this.#group = group;
    this.#clock = clock;
    this.#receiver = listenDatagram({
      transport: "udp",
      hostname: family === 4 ? "0.0.0.0" : "::",
      port: group.port,
      reuseAddress: true,
    });
    this.#receiving = this.#receive(onPacket);
  }

  /** The addresses it speaks from, one for each network. */
  get addresses(): string[] {
    return [...this.#senders.keys()];
  }

  /** How many networks it does not take part in, since there are too many. */
  get left(): number {
    return this.#left;
  }

  /** Looks which networks there are now. Returns whether there is a new one. */
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
      const sender = await openSender(this.#family, attachment);
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

  /** Sends a packet to all networks, or from one address alone. What is not sent is lost, as any may be. */
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

  /** Leaves. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return await this.#receiving;
    this.#closing.abort();
    this.#receiver.close();
    for (const sender of this.#senders.values()) sender.close();
    this.#senders.clear();
    await this.#receiving;
  }

  /**
   * Lets the machine take the group's packets from this network. A socket may join some twenty networks only
   * (Linux); beyond that the sender's does, and the receiver hears what the machine takes.
   */
  async #join({ address, via, index }: Attachment, sender: Socket): Promise<void> {
    const { host } = this.#group;
    try {
      if (this.#family === 4) await this.#receiver.joinMulticastV4(host, address);
      else await this.#receiver.joinMulticastV6(host, index);
      return;
    } catch {
      // There are too many, or it was joined with another address already.
    }
    try {
      sender.addMembership(host, via);
    } catch {
      // A network that knows no multicast.
    }
  }

  async #receive(onPacket: (packet: Uint8Array, host: string) => void): Promise<void> {
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
      if (!this.#closing.signal.aborted) onPacket(packet, (from as Deno.NetAddr).hostname);
    }
  }
}

/**
 * A socket that sends from this address through its interface, without a route for the group; Deno's own
 * cannot choose. `undefined` when the system does not let it.
 */
async function openSender(
  family: 4 | 6,
  { address, via }: Attachment,
): Promise<Socket | undefined> {
  const socket = createSocket(family === 4 ? "udp4" : "udp6");
  const bound = Promise.withResolvers<void>();
  socket.on("error", bound.reject); // later ones: a packet was lost
  try {
    socket.bind(0, address, bound.resolve);
    await bound.promise;
    socket.setMulticastInterface(via);
    socket.setMulticastLoopback(true); // other programs on this machine shall hear it
    return socket;
  } catch {
    socket.close();
    return undefined;
  }
}

/** Where to take part: one address for each network, loopback only where there is nothing else. */
function attachmentsOf(family: 4 | 6): Attachment[] {
  const listed = networkInterfaces();
  if (listed === undefined) throw new Error(UNLISTED_INTERFACES);
  const interfaces = ranked(listed, routeClues(listed.map(({ name }) => name)));
  const own = interfaces.filter((each) => isIp(each.address) && each.family === `IPv${family}`);
  const attachments = family === 4
    ? own.map(({ address }) => ({ address, via: address, index: 0 }))
    : own.flatMap(({ name, address }) => {
      // The number of an interface stands with its link-local address, from which nobody can be dialled.
      if (isLinkLocalIPv6(address)) return [];
      const index = own.find((other) => other.name === name && isLinkLocalIPv6(other.address))
        ?.scopeid;
      return typeof index === "number" ? [{ address, via: `::%${index}`, index }] : [];
    });
  const outside = attachments.filter(({ address }) => !isLoopback(address));
  return outside.length > 0 ? outside : attachments;
}
