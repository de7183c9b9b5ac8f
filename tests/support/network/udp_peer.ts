/**
 * A UDP socket for tests: sends and receives raw packets, or answers them as a test says.
 * @module
 */

import { fail } from "@std/assert";

/** A tracker that does what a test wants. Dispose it. */
export class FakeTracker implements AsyncDisposable {
  readonly received: Uint8Array[] = [];
  readonly #socket: Deno.DatagramConn;
  readonly #running: Promise<void>;
  #onReceived = Promise.withResolvers<void>();

  /** @param respond Gives the packets to send back. */
  constructor(
    private readonly respond: (packet: Uint8Array) => Uint8Array[],
    private readonly hostname = "127.0.0.1",
    port = 0,
  ) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port });
    this.#running = this.#run();
  }

  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  get url(): string {
    const host = this.hostname.includes(":") ? `[${this.hostname}]` : this.hostname;
    return `udp://${host}:${this.port}`;
  }

  /** Resolves once so many packets have come. */
  async hasReceived(count: number): Promise<void> {
    while (this.received.length < count) await this.#onReceived.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    for await (const [packet, from] of this.#socket) {
      this.received.push(packet);
      this.#onReceived.resolve();
      this.#onReceived = Promise.withResolvers();
      for (const answer of this.respond(packet)) await this.#socket.send(answer, from);
    }
  }
}

/** A socket that talks to one address. Dispose it. */
export class RawClient implements Disposable {
  readonly #socket: Deno.DatagramConn;
  readonly #to: Deno.NetAddr;

  constructor(hostname: string, port: number) {
    const local = hostname.includes(":") ? "::1" : "127.0.0.1";
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: local, port: 0 });
    this.#to = { transport: "udp", hostname, port };
  }

  /** Sends a packet. */
  async send(packet: Uint8Array): Promise<void> {
    await this.#socket.send(packet, this.#to);
  }

  /** The next packet that comes. */
  async receive(): Promise<Uint8Array> {
    const [packet] = await this.#socket.receive(new Uint8Array(4096));
    return packet.length === 0 ? fail("an empty packet") : packet;
  }

  /** Sends a packet and waits for the next that comes. */
  async ask(packet: Uint8Array): Promise<Uint8Array> {
    await this.send(packet);
    return await this.receive();
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
