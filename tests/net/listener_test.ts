/**
 * The port that peers connect to: who is let in, and who is shown out.
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import {
  decodeHandshake,
  encodeHandshake,
  type Handshake,
  HANDSHAKE_LENGTH,
} from "../../lib/codec/wire/handshake.ts";
import { publicKey } from "../../lib/codec/wire/mse_keys.ts";
import type { OpenedSocket } from "../../lib/net/handshake.ts";
import { Listener, type TorrentAcceptor } from "../../lib/net/listener.ts";
import { InfoHashes } from "../../lib/peer/connection/info_hashes.ts";
import { NetworkError } from "../../mod.ts";
import { withinReason } from "../support/clients/library.ts";

const PEER_ID = new Uint8Array(20).fill(0xee);

function handshake(infoHash: number, peerId: number): Handshake {
  return {
    infoHash: new Uint8Array(20).fill(infoHash),
    peerId: new Uint8Array(20).fill(peerId),
    extensions: true,
    fast: true,
    dht: false,
    v2Upgrade: false,
  };
}

/** Takes everybody who asks for the torrent with this hash. */
class Host implements TorrentAcceptor, Disposable {
  readonly guests: { socket: OpenedSocket; remote: Deno.NetAddr }[] = [];
  #onAccepted = Promise.withResolvers<void>();

  constructor(readonly infoHash: number) {}

  get infoHashes() {
    return new InfoHashes({ v1Hash: new Uint8Array(20).fill(this.infoHash) }, PEER_ID);
  }

  accepted(socket: OpenedSocket, remote: Deno.NetAddr): void {
    this.guests.push({ socket, remote });
    this.#onAccepted.resolve();
    this.#onAccepted = Promise.withResolvers();
  }

  async hasAccepted(count: number): Promise<void> {
    const enough = async () => {
      while (this.guests.length < count) await this.#onAccepted.promise;
    };
    await withinReason(enough(), () => `${this.guests.length} and not ${count} were accepted`);
  }

  [Symbol.dispose](): void {
    for (const { socket } of this.guests) socket.conn.close();
  }
}

function call({ port }: Listener): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port });
}

/** What comes until the other side hangs up, or until there are `most` bytes. */
async function received(conn: Deno.TcpConn, most = Infinity): Promise<Uint8Array> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(1000);
  const all = async () => {
    while (bytes.length < most) {
      const read = await conn.read(buffer).catch(() => null); // a reset is a hang-up
      if (read === null) break;
      bytes.push(...buffer.subarray(0, read));
    }
    return new Uint8Array(bytes);
  };
  return await withinReason(all(), () => "neither bytes nor a hang-up");
}

Deno.test("a peer is let in to the torrent it asks for", async () => {
  await using listener = Listener.listen(0, "127.0.0.1");
  using first = new Host(1);
  using second = new Host(2);
  listener.add(first);
  listener.add(second);
  using conn = await call(listener);
  await conn.write(encodeHandshake(handshake(2, 7)));
  const answer = decodeHandshake(await received(conn, HANDSHAKE_LENGTH));
  assertEquals([answer.infoHash[0], answer.peerId[0]], [2, 0xee]);
  await second.hasAccepted(1);
  assertEquals(second.guests[0]!.socket.handshake.peerId, new Uint8Array(20).fill(7));
  assertEquals(second.guests[0]!.remote.hostname, "127.0.0.1");
  assertEquals(first.guests.length, 0);
});

Deno.test("a peer that holds its id back is answered all the same, byte by byte too", async () => {
  await using listener = Listener.listen(0, "127.0.0.1");
  using host = new Host(1);
  listener.add(host);
  using conn = await call(listener);
  const bytes = encodeHandshake(handshake(1, 7));
  for (let i = 0; i < 48; i++) await conn.write(bytes.subarray(i, i + 1));
  assertEquals((await received(conn, HANDSHAKE_LENGTH)).length, HANDSHAKE_LENGTH);
  await conn.write(bytes.subarray(48));
  await host.hasAccepted(1);
});

Deno.test("what follows the handshake at once is not lost", async () => {
  await using listener = Listener.listen(0, "127.0.0.1");
  using host = new Host(1);
  listener.add(host);
  using conn = await call(listener);
  await conn.write(new Uint8Array([...encodeHandshake(handshake(1, 7)), 0, 0, 0, 1, 2]));
  await host.hasAccepted(1);
  const { framer } = host.guests[0]!.socket;
  while (framer.buffered < 5) {
    framer.advance(await host.guests[0]!.socket.conn.read(framer.space()) ?? 0);
  }
  assertEquals(framer.next(), { type: "interested" });
});

Deno.test("whoever asks for another torrent is shown out without a word", async () => {
  await using listener = Listener.listen(0, "127.0.0.1");
  using host = new Host(1);
  listener.add(host);
  using conn = await call(listener);
  await conn.write(encodeHandshake(handshake(9, 7)));
  assertEquals((await received(conn)).length, 0);
  listener.remove(host);
  using late = await call(listener);
  await late.write(encodeHandshake(handshake(1, 7)));
  assertEquals((await received(late)).length, 0);
  assertEquals(host.guests.length, 0);
});

Deno.test("whoever speaks another protocol is shown out without a word", async () => {
  await using listener = Listener.listen(0, "127.0.0.1");
  using host = new Host(1);
  listener.add(host);
  using conn = await call(listener);
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(3)));
  assertEquals((await received(conn)).length, 0);
});

Deno.test("a flood of silent strangers is bounded, and does not keep out those who speak", async () => {
  await using listener = Listener.listen(0, "127.0.0.1");
  using host = new Host(1);
  listener.add(host);
  const strangers: Deno.TcpConn[] = [];
  const startedMs = performance.now();
  try {
    for (let i = 0; i < 260; i++) strangers.push(await call(listener));
    using halfway = await call(listener);
    await halfway.write(publicKey(PEER_ID)); // an encrypted handshake that does not go on
    // The oldest have had to go, and a peer that says what it wants is let in.
    for (const stranger of strangers.slice(0, 60)) {
      assertEquals((await received(stranger)).length, 0);
    }
    assertLess(performance.now() - startedMs, 9000);
    using conn = await call(listener);
    await conn.write(encodeHandshake(handshake(1, 7)));
    await host.hasAccepted(1);
    // The others are given ten seconds to say something.
    assertEquals((await received(strangers.at(-1)!)).length, 0);
    assertGreater(performance.now() - startedMs, 9000);
    assertGreater((await received(halfway)).length, 95); // the answering key, then the end
    for (const stranger of strangers) assertEquals((await received(stranger)).length, 0);
  } finally {
    for (const stranger of strangers) stranger.close();
  }
});

Deno.test("closing hangs up on strangers and frees the port", async () => {
  const listener = Listener.listen(0, "127.0.0.1");
  using stranger = await call(listener);
  await stranger.write(encodeHandshake(handshake(1, 7)).subarray(0, 20));
  await listener.close();
  assertEquals((await received(stranger)).length, 0);
  await using again = Listener.listen(listener.port, "127.0.0.1");
  assertEquals(again.port, listener.port);
});

Deno.test("without a port the first free one is taken, with one that one or none", async () => {
  await using first = Listener.listen(undefined, "127.0.0.1");
  await using second = Listener.listen(undefined, "127.0.0.1");
  assert(first.port >= 6881 && second.port > first.port, `${first.port} ${second.port}`);
  const error = assertThrows(() => Listener.listen(first.port, "127.0.0.1"), NetworkError);
  assertEquals(
    error.message,
    `port ${first.port} is taken by another program`,
  );
});

Deno.test("where the whole range of ports is taken any free one does", async () => {
  await using first = Listener.listen(undefined, "127.0.0.1", 1);
  await using second = Listener.listen(undefined, "127.0.0.1", 1);
  assert(second.port !== first.port && second.port !== 6881);
});

Deno.test("by default peers come over IPv4 and IPv6", async () => {
  await using listener = Listener.listen(0, undefined);
  using host = new Host(1);
  listener.add(host);
  using v4 = await call(listener);
  await v4.write(encodeHandshake(handshake(1, 4)));
  await host.hasAccepted(1);
  using v6 = await Deno.connect({ hostname: "::1", port: listener.port });
  await v6.write(encodeHandshake(handshake(1, 6)));
  await host.hasAccepted(2);
  assertEquals(host.guests.map(({ remote }) => remote.hostname), ["127.0.0.1", "::1"]);
});

Deno.test("a bug in whoever takes a peer over is no fault of the peer: it is not swallowed", async () => {
  await using listener = Listener.listen(0, "127.0.0.1");
  using host = new Host(1);
  const { infoHashes } = host;
  const socket = Promise.withResolvers<OpenedSocket>();
  listener.add({
    infoHashes,
    accepted(opened) {
      socket.resolve(opened);
      throw new TypeError("a bug");
    },
  });
  const surfaced = Promise.withResolvers<unknown>();
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    surfaced.resolve(event.reason);
  };
  addEventListener("unhandledrejection", onRejection);
  try {
    using conn = await call(listener);
    await conn.write(encodeHandshake(handshake(1, 7)));
    const reason = await withinReason(surfaced.promise, () => "the bug is swallowed");
    assert(reason instanceof TypeError && reason.message === "a bug", String(reason));
    (await socket.promise).conn.close();
  } finally {
    removeEventListener("unhandledrejection", onRejection);
  }
});
