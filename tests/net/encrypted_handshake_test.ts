/**
 * Encrypted handshakes over TCP: who is let in, who is dialled how, and what a stranger can cost us.
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { concat, equalBytes, fromLatin1, writeUint16, writeUint32 } from "../../lib/codec/bytes.ts";
import { Framer } from "../../lib/codec/wire/framer.ts";
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_LENGTH,
  isPlainHandshake,
} from "../../lib/codec/wire/handshake.ts";
import { encodeMessage } from "../../lib/codec/wire/message.ts";
import { MAX_PADDING } from "../../lib/codec/wire/mse.ts";
import {
  ciphersOf,
  disguise,
  hashedInfoHash,
  KEY_LENGTH,
  markOf,
  publicKey,
  sharedSecret,
} from "../../lib/codec/wire/mse_keys.ts";
import { Rc4 } from "../../lib/codec/wire/rc4.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { Dialer } from "../../lib/net/dialer.ts";
import {
  acceptEncrypted,
  exchangeAllowance,
  EXCHANGES_AT_ONCE,
  EXCHANGES_PER_SECOND,
} from "../../lib/net/encrypted_handshake.ts";
import {
  acceptHandshake,
  closeQuietly,
  dialHandshake,
  type OpenedSocket,
} from "../../lib/net/handshake.ts";
import { Listener, type TorrentAcceptor } from "../../lib/net/listener.ts";
import { EncryptedStream, type PeerStream, writeAll } from "../../lib/net/peer_stream.ts";
import { InfoHashes } from "../../lib/peer/connection/info_hashes.ts";
import { TokenBucket } from "../../lib/peer/connection/token_bucket.ts";
import { pseudoRandomBytes } from "../../support/content.ts";
import { closeIfOpen } from "../../support/conversation.ts";
import { withinReason } from "../support/clients/library.ts";

const V1_HASH = new Uint8Array(20).fill(1);
const V2_HASH = new Uint8Array(32).fill(2);
const HOST = "127.0.0.1";
const NEVER = new AbortController().signal;

const OURS = new InfoHashes(
  { v1Hash: V1_HASH, v2Hash: V2_HASH },
  fromLatin1("-SO0100-000000000000"),
);
const THEIRS = new InfoHashes(
  { v1Hash: V1_HASH, v2Hash: V2_HASH },
  fromLatin1("-XX0001-000000000000"),
);

/** Takes everybody who asks for the torrent. */
class Host implements TorrentAcceptor, Disposable {
  readonly infoHashes = OURS;
  readonly #guest = Promise.withResolvers<OpenedSocket>();
  /** The first who was let in. */
  readonly guest = this.#guest.promise;
  readonly #open: OpenedSocket[] = [];

  accepted(socket: OpenedSocket): void {
    this.#open.push(socket);
    this.#guest.resolve(socket);
  }

  [Symbol.dispose](): void {
    for (const { conn } of this.#open) closeQuietly(conn);
  }
}

/** The next so many bytes; fewer at the end of the stream. */
async function read(stream: PeerStream, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  const all = async () => {
    let end = 0;
    while (end < count) {
      const got = await stream.read(bytes.subarray(end)).catch(() => null); // a reset is a hang-up
      if (got === null) break;
      end += got;
    }
    return bytes.subarray(0, end);
  };
  return await withinReason(all(), () => "neither bytes nor a hang-up");
}

/** The next messages that a guest sends: their bytes. */
async function readFrom({ framer, conn }: OpenedSocket, count: number): Promise<Uint8Array> {
  const early = framer.take(Math.min(count, framer.buffered))!.slice();
  return concat(early, await read(conn, count - early.length));
}

Deno.test("who encrypts its handshake is let in under each hash of the torrent", async () => {
  for (const v2 of [false, true]) {
    await using listener = Listener.listen(0, HOST);
    using host = new Host();
    listener.add(host);
    const ours = { ...THEIRS.handshake(v2), v2Upgrade: false };
    const caller = await dialHandshake(HOST, listener.port, ours, true, NEVER);
    using _closing = { [Symbol.dispose]: () => closeQuietly(caller.conn) };
    assertEquals(caller.handshake, { ...OURS.handshake(v2) });
    const guest = await host.guest;
    assertEquals(guest.handshake, ours);
    const message = encodeMessage({ type: "interested" });
    await writeAll(caller.conn, message);
    assertEquals(await readFrom(guest, message.length), message);
  }
});

/** Zeros, an offer of RC4 alone, no padding, first bytes. */
function offerOfRc4(firstBytes: Uint8Array): Uint8Array {
  const head = new Uint8Array(16);
  writeUint32(head, 8, 2);
  writeUint16(head, 14, firstBytes.length);
  return concat(head, firstBytes);
}

Deno.test("who offers RC4 alone is spoken with in RC4 from then on, both ways", async () => {
  await using listener = Listener.listen(0, HOST);
  using host = new Host();
  listener.add(host);
  using conn = await Deno.connect({ hostname: HOST, port: listener.port });
  const secret = pseudoRandomBytes(20, 1);
  await writeAll(conn, publicKey(secret));
  const shared = sharedSecret(await read(conn, KEY_LENGTH), secret);
  const { fromInitiator, fromResponder } = ciphersOf(shared, V1_HASH);
  const first = fromInitiator.apply(offerOfRc4(encodeHandshake(THEIRS.handshake(false))));
  await writeAll(conn, concat(markOf(shared), disguise(V1_HASH, shared), first));
  // Behind their padding is the choice, and the answer to the handshake.
  const zeros = fromResponder.apply(new Uint8Array(8));
  for (let last = new Uint8Array(8), i = 0; zeros.some((byte, at) => byte !== last[at]); i++) {
    if (i > MAX_PADDING + 8) throw new Error("no choice behind the padding");
    last = Uint8Array.of(...last.subarray(1), ...await read(conn, 1));
  }
  assertEquals([...fromResponder.apply(await read(conn, 6))], [0, 0, 0, 2, 0, 0]);
  const answered = decodeHandshake(fromResponder.apply(await read(conn, HANDSHAKE_LENGTH)));
  assertEquals(answered.peerId, OURS.handshake(true).peerId);
  const guest = await host.guest;
  const data = pseudoRandomBytes(300_000, 2);
  await Promise.all([
    writeAll(conn, fromInitiator.apply(data.slice())),
    readFrom(guest, data.length).then((got) => assertEquals(got, data)),
  ]);
  await Promise.all([
    writeAll(guest.conn, data),
    read(conn, data.length).then((got) => assertEquals(fromResponder.apply(got), data)),
  ]);
});

Deno.test("an encrypted stream survives short writes, and leaves its owner's bytes alone", async () => {
  const sent: number[] = [];
  const wire: PeerStream = {
    read: () => Promise.resolve(null),
    write(bytes) {
      const count = Math.min(bytes.length, 1 + sent.length % 1000);
      sent.push(...bytes.subarray(0, count));
      return Promise.resolve(count);
    },
    close: () => {},
  };
  const rc4 = () => new Rc4(fromLatin1("key"));
  const stream = new EncryptedStream(wire, { incoming: rc4(), outgoing: rc4() });
  const data = pseudoRandomBytes(150_000, 3);
  const kept = data.slice();
  await writeAll(stream, data.subarray(0, 10));
  await writeAll(stream, data.subarray(10));
  assertEquals(data, kept);
  assertEquals(rc4().apply(Uint8Array.from(sent)), data);
  assertEquals(await stream.read(new Uint8Array(10)), null);
});

Deno.test("who pads without end or means another torrent is hung up on", async () => {
  await using listener = Listener.listen(0, HOST);
  using host = new Host();
  listener.add(host);
  const secret = pseudoRandomBytes(20, 4);
  const hungUpOn = async (rest: (shared: Uint8Array) => Uint8Array) => {
    using conn = await Deno.connect({ hostname: HOST, port: listener.port });
    await writeAll(conn, publicKey(secret));
    const shared = sharedSecret(await read(conn, KEY_LENGTH), secret);
    await writeAll(conn, rest(shared));
    assertEquals((await read(conn, 10_000)).length <= MAX_PADDING, true);
  };
  await hungUpOn(() => pseudoRandomBytes(MAX_PADDING + 20, 5));
  await hungUpOn((shared) => concat(markOf(shared), disguise(new Uint8Array(20), shared)));
});

Deno.test("strangers get only so many keys computed, and nothing after that", async () => {
  const written: Uint8Array[] = [];
  const silent: PeerStream = {
    read: () => Promise.resolve(null),
    write: (bytes) => Promise.resolve(written.push(bytes) && bytes.length),
    close: () => {},
  };
  const desk = { infoHashOf, exchanges: new TokenBucket(1, 0, performance.now()) };
  const key = publicKey(pseudoRandomBytes(20, 6));
  const accept = (begin: Uint8Array) => acceptEncrypted(silent, begin, new Framer(), desk);
  const text = fromLatin1("GET / HTTP/1.1\r\n".repeat(10));
  await assertRejects(() => accept(text), ProtocolError, "does not speak");
  await assertRejects(() => accept(key), ProtocolError, "hung up");
  assertEquals(written.length, 1);
  await assertRejects(() => accept(key), ProtocolError, "is one of too many");
  assertEquals(written.length, 1);
});

Deno.test("a whole swarm may exchange keys at once, and a hundred a second after that", () => {
  const allowance = exchangeAllowance(0);
  const takes = (nowMs: number) => {
    let taken = 0;
    while (allowance.tryTake(nowMs)) taken++;
    return taken;
  };
  assertEquals([takes(0), takes(1000), takes(3_600_000)], [
    EXCHANGES_AT_ONCE,
    EXCHANGES_PER_SECOND,
    EXCHANGES_AT_ONCE,
  ]);
});

/** A peer that is dialled and treats each connection as it was told to. */
class Dialled implements AsyncDisposable {
  readonly host = HOST;
  readonly port: number;
  connections = 0;
  readonly #listener = Deno.listen({ hostname: HOST, port: 0 });
  readonly #conns: Deno.TcpConn[] = [];
  readonly #greetings: Promise<unknown>[] = [];
  readonly #loop: Promise<void>;

  constructor(public habit: "takes all" | "insists" | "hangs up" | "hangs up midway") {
    this.port = this.#listener.addr.port;
    this.#loop = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    closeIfOpen(this.#listener);
    for (const conn of this.#conns) closeIfOpen(conn);
    await Promise.allSettled([this.#loop, ...this.#greetings]);
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.connections++;
      this.#conns.push(conn);
      this.#greetings.push(this.#greet(conn).catch(() => closeIfOpen(conn)));
    }
  }

  async #greet(conn: Deno.TcpConn): Promise<void> {
    if (this.habit === "takes all") return void await acceptHandshake(conn, DESK, NEVER);
    const begin = await read(conn, 48);
    if (this.habit === "hangs up midway") await writeAll(conn, begin.subarray(0, 10));
    if (this.habit !== "insists" || isPlainHandshake(begin)) return conn.close();
    const framer = new Framer();
    const stream = await acceptEncrypted(conn, begin, framer, DESK);
    await writeAll(stream, encodeHandshake(OURS.handshake(true)));
  }
}

/** Finds our info-hashes by their own hashes. */
function infoHashOf(hashed: Uint8Array): Uint8Array | undefined {
  return OURS.all.find((infoHash) => equalBytes(hashedInfoHash(infoHash), hashed));
}

const DESK = {
  infoHashOf,
  exchanges: exchangeAllowance(0),
  answerFor: (head: Parameters<InfoHashes["answer"]>[0]) => OURS.answer(head),
};

async function dialAndClose(dialer: Dialer, peer: Dialled): Promise<void> {
  const { opened } = await dialer.dial(THEIRS, peer, false, NEVER);
  closeQuietly(opened.conn);
}

Deno.test("a peer that takes a plain handshake is dialled once", async () => {
  await using peer = new Dialled("takes all");
  await dialAndClose(new Dialer(), peer);
  assertEquals(peer.connections, 1);
});

Deno.test("a peer that insists on encryption is dialled once more, and later so at once", async () => {
  await using peer = new Dialled("insists");
  const dialer = new Dialer();
  await dialAndClose(dialer, peer);
  assertEquals(peer.connections, 2);
  await dialAndClose(dialer, peer);
  assertEquals(peer.connections, 3);
  peer.habit = "hangs up";
  await assertRejects(() => dialAndClose(dialer, peer), ProtocolError, "hung up during the");
  assertEquals(peer.connections, 4);
  peer.habit = "takes all"; // what was remembered is forgotten
  await dialAndClose(dialer, peer);
  assertEquals(peer.connections, 5);
});

Deno.test("a peer that hangs up on both handshakes has hung up during the handshake", async () => {
  await using peer = new Dialled("hangs up");
  const dialing = () => dialAndClose(new Dialer(), peer);
  await assertRejects(dialing, ProtocolError, "hung up during the handshake");
  assertEquals(peer.connections, 2);
});

Deno.test("a peer that breaks off an answer is not dialled again at once", async () => {
  await using peer = new Dialled("hangs up midway");
  const dialing = () => dialAndClose(new Dialer(), peer);
  await assertRejects(dialing, ProtocolError, "hung up during the handshake");
  assertEquals(peer.connections, 1);
});
