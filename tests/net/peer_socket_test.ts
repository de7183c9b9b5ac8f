/** One socket and whoever is at its other end: limits, and peers that do not read. @module */

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { concat } from "../../lib/codec/bytes.ts";
import { BLOCK_LENGTH } from "../../lib/codec/torrent/merkle.ts";
import { Framer } from "../../lib/codec/wire/framer.ts";
import { encodeMessage, type Message } from "../../lib/codec/wire/message.ts";
import { closeQuietly } from "../../lib/net/handshake.ts";
import { PeerSocket, type SocketBounds, type SocketHost } from "../../lib/net/peer_socket.ts";
import { RateLimiter, type RateShare } from "../../lib/net/rate_limiter.ts";
import { SendBudget } from "../../lib/net/send_budget.ts";
import { BatchBuffers } from "../../lib/net/send_buffers.ts";
import { HostQuotas } from "../../lib/peer/peers/host_quota.ts";
import { PeerList } from "../../lib/peer/peers/peer_list.ts";
import { withinReason } from "../support/clients/library.ts";
import { at, connect } from "../support/peer/peers.ts";

/** A socket whose session serves blocks without end, and its other end. */
class SocketHarness implements AsyncDisposable {
  readonly received: Message[] = [];
  readonly ended: Promise<string>;
  /** What the session does with a message. */
  onMessage: (message: Message) => void = () => {};
  /** File data written so far. */
  sentBytes = 0;
  readonly #framer = new Framer();

  private constructor(readonly socket: PeerSocket, readonly remote: Deno.TcpConn) {
    this.ended = socket.run();
  }

  static async open(
    limits: { up?: RateShare; down?: RateShare } = {},
    bounds: SocketBounds = {},
  ): Promise<SocketHarness> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const accepted = listener.accept();
    const remote = await Deno.connect({ hostname: "127.0.0.1", port });
    const conn = await accepted;
    const host: SocketHost = {
      received: (_, message) => {
        bench.received.push(structuredClone(message));
        bench.onMessage(message);
      },
      settle: () => {},
      takeUploads: () => [{ piece: at(0), begin: 0, length: BLOCK_LENGTH }],
      readBlocks: () => Promise.resolve(true),
      refuseUpload: () => {},
      sent: (_, dataBytes) => bench.sentBytes += dataBytes,
      uploadLimiter: limits.up ?? new RateLimiter(0).share(),
      downloadLimiter: limits.down ?? new RateLimiter(0).share(),
      buffers: new BatchBuffers(),
    };
    const connection = connect(new PeerList(() => {}), 1);
    const socket = new PeerSocket(connection, conn, new Framer(), host, bounds);
    const bench = new SocketHarness(socket, remote);
    return bench;
  }

  /** The next message that arrives at the other end. */
  async next(): Promise<Message> {
    for (;;) {
      const message = this.#framer.next();
      if (message !== undefined) return message;
      const read = await this.remote.read(this.#framer.space());
      assert(read !== null);
      this.#framer.advance(read);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close("the test is over");
    closeQuietly(this.remote);
    await this.ended.catch(() => {});
  }
}

Deno.test("a peer that asks and does not read is hung up on, and holds up nobody meanwhile", async () => {
  const up = new RateLimiter(8 * 2 ** 20).share();
  await using deaf = await SocketHarness.open({ up }, { stalledWriteMs: 300 });
  await using other = await SocketHarness.open({ up });
  deaf.socket.upload();
  other.socket.upload();
  for (let blocks = 0; blocks < 200; blocks++) {
    const { type } = await withinReason(other.next(), () => `${blocks} blocks, then nothing`);
    assertEquals(type, "piece");
  }
  const why = await withinReason(deaf.ended, () => `still there after ${deaf.sentBytes} bytes`);
  assertEquals(why, "does not read what it is sent");
});

Deno.test("messages go out while file data waits for the limit", async () => {
  await using bench = await SocketHarness.open({ up: new RateLimiter(BLOCK_LENGTH / 100).share() });
  bench.socket.upload(); // the first block is due in 100 seconds
  for (let piece = 0; piece < 3; piece++) {
    bench.socket.send({ type: "have", piece });
    const message = await withinReason(bench.next(), () => "the message waits for the data");
    assertEquals(message, { type: "have", piece });
  }
  assertEquals(bench.sentBytes, 0);
});

Deno.test("a block that waits for the limit goes out when the limit is lifted", async () => {
  const limiter = new RateLimiter(BLOCK_LENGTH / 100);
  await using bench = await SocketHarness.open({ up: limiter.share() });
  bench.socket.upload();
  bench.socket.send({ type: "have", piece: 0 });
  assertEquals((await bench.next()).type, "have");
  limiter.bytesPerSecond = 0;
  const { type } = await withinReason(bench.next(), () => "it waits for a minute");
  assertEquals(type, "piece");
});

Deno.test("three connections of a torrent get together what one of another torrent gets", async () => {
  const limiter = new RateLimiter(4 * 2 ** 20);
  const many = limiter.share();
  await using stack = new AsyncDisposableStack();
  const benches: SocketHarness[] = [];
  for (const up of [many, many, many, limiter.share()]) {
    benches.push(stack.use(await SocketHarness.open({ up })));
  }
  const until = performance.now() + 3000;
  const moving = benches.map(async (bench) => {
    bench.socket.upload();
    while (performance.now() < until) await withinReason(bench.next(), () => "nothing comes");
    return bench.sentBytes;
  });
  const [one, two, three, alone] = await Promise.all(moving) as [number, number, number, number];
  const ratio = (one + two + three) / alone;
  assert(ratio > 0.8 && ratio < 1.25, `${one}, ${two}, ${three} and ${alone} bytes`);
});

Deno.test("who sends no file data is heard although the download limit is used up by others", async () => {
  const down = new RateLimiter(BLOCK_LENGTH).share();
  down.take(1000 * BLOCK_LENGTH); // somebody has taken a quarter of an hour's worth
  await using bench = await SocketHarness.open({ down });
  const heard = async (count: number) => {
    while (bench.received.length < count) await new Promise((go) => setTimeout(go, 5));
  };
  for (let piece = 0; piece < 3; piece++) {
    await bench.remote.write(encodeMessage({ type: "have", piece }));
    await withinReason(heard(piece + 1), () => "it is not heard");
  }
  const block = new Uint8Array(BLOCK_LENGTH);
  await bench.remote.write(encodeMessage({ type: "piece", piece: 0, begin: 0, block }));
  await withinReason(heard(4), () => "the block is not heard");
  await bench.remote.write(encodeMessage({ type: "have", piece: 9 }));
  await new Promise((go) => setTimeout(go, 200));
  assertEquals(bench.received.length, 4, "who has sent file data waits its turn");
});

/** Writes the same message again and again, until the other side hangs up. */
async function flood({ remote }: SocketHarness, message: Message): Promise<void> {
  const many = concat(...Array.from({ length: 4000 }, () => encodeMessage(message)));
  try {
    for (;;) await remote.write(many);
  } catch { /* it has hung up */ }
}

const HASH_REQUEST = {
  type: "hashRequest",
  root: new Uint8Array(32),
  baseLayer: 0,
  index: 0,
  length: 8192,
  proofLayers: 0,
} as const;

Deno.test("who asks and does not read is not heard any more, and holds one answer more than it may", async () => {
  const budget = new SendBudget();
  await using bench = await SocketHarness.open({}, { budget, shares: new HostQuotas(1e9, 1e9) });
  const hashes = new Uint8Array(8192 * 32);
  let answers = 0;
  bench.onMessage = () => {
    bench.socket.send({ ...HASH_REQUEST, type: "hashes", hashes });
    answers++;
  };
  const flooding = flood(bench, HASH_REQUEST);
  // The system takes some megabytes; then nothing moves.
  for (let before = -1; before !== answers;) {
    before = answers;
    await new Promise((go) => setTimeout(go, 200));
  }
  assert(!budget.isShort, "less than half of what all may leave unread");
  assertLess(answers, 200);
  const unread = answers;
  for (let read = 0; read < unread + 20; read++) {
    const { type } = await withinReason(bench.next(), () => `${read} answers, then nothing`);
    assertEquals(type, "hashes");
  }
  bench.socket.close("enough");
  await flooding;
});

Deno.test("however fast somebody sends small messages, others are heard within moments", async () => {
  const shares = new HostQuotas(1e9, 1e9);
  const loud = await Promise.all([1, 2, 3].map(() => SocketHarness.open({}, { shares })));
  await using other = await SocketHarness.open({}, { shares });
  const floods = loud.map((bench) => flood(bench, { type: "keepAlive" }));
  for (const bench of loud) bench.onMessage = () => void (bench.received.length = 0);
  let worstMs = 0;
  for (let piece = 0; piece < 20; piece++) {
    const heard = Promise.withResolvers<void>();
    other.onMessage = () => heard.resolve();
    const sentMs = performance.now();
    await other.remote.write(encodeMessage({ type: "have", piece }));
    await withinReason(heard.promise, () => "it is not heard");
    worstMs = Math.max(worstMs, performance.now() - sentMs);
  }
  for (const bench of loud) await bench[Symbol.asyncDispose]();
  await Promise.all(floods);
  assertLess(worstMs, 1000);
});

Deno.test("who makes more work than its host's share is not read from until it has some again", async () => {
  const shares = new HostQuotas(2000, 1000);
  await using bench = await SocketHarness.open({}, { shares });
  await using twin = await SocketHarness.open({}, { shares });
  const flooding = flood(bench, { type: "keepAlive" });
  const heardBefore = performance.now();
  while (bench.received.length < 2000) await new Promise((go) => setTimeout(go, 10));
  await twin.remote.write(encodeMessage({ type: "have", piece: 1 }));
  await new Promise((go) => setTimeout(go, 500));
  const seconds = (performance.now() - heardBefore) / 1000;
  assertLess(bench.received.length, 2000 + 1000 * seconds + 2 * 512);
  bench.socket.close("enough");
  await flooding;
});

Deno.test("a bug of the machine is no fault of the peer: it goes on its way with its stack", async () => {
  await using bench = await SocketHarness.open();
  bench.onMessage = () => {
    throw new TypeError("a bug");
  };
  await bench.remote.write(encodeMessage({ type: "have", piece: 1 }));
  await withinReason(assertRejects(() => bench.ended, TypeError, "a bug"), () => "it is swallowed");
});
