/** Serving: slots, queues, refusals. @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { BLOCK_LENGTH } from "../../../lib/codec/torrent/merkle.ts";
import type { Message } from "../../../lib/codec/wire/message.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import type { Action } from "../../../lib/peer/connection/actions.ts";
import type { Connection, Negotiated } from "../../../lib/peer/connection/connection.ts";
import type { BlockRequest } from "../../../lib/peer/connection/upload_state.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import { MAX_SERVED_BLOCK, REQUEST_QUEUE, Upload } from "../../../lib/peer/upload/upload.ts";
import { Layout } from "../../../lib/store/layout.ts";
import { Pieces } from "../../../lib/store/pieces.ts";
import { allOf, at, bits, connect, contextOf, layoutOf, sentTo } from "../../support/peer/peers.ts";

const permissions = "none";
const old = { fast: false };

/** An upload of a whole torrent of 4 pieces of 16 blocks, unless said otherwise. */
class UploadHarness {
  readonly upload: Upload;
  readonly connections = new Map<number, Connection>();
  readonly pieces: Pieces;
  readonly #book = new PeerList(() => {});
  #actions: Action[] = [];

  constructor(slots = 4, layout = layoutOf(4, 16), have = allOf(layout.pieceCount)) {
    this.pieces = new Pieces(layout, have, 1);
    const context = contextOf({
      layout,
      pieces: this.pieces,
      connections: this.connections,
      emit: (action) => this.#actions.push(action),
    });
    this.upload = new Upload(
      context,
      slots,
      () =>
        [...this.connections.values()].filter(({ pieces }) => !pieces.have.isFull)
          .length,
    );
    // In a small swarm all would be served.
    for (let i = 0; i <= 2 * slots; i++) this.peer(1000 + i).pieces.have = bits(layout.pieceCount);
  }

  peer(id: number, negotiated: Partial<Negotiated> = {}): Connection {
    const connection = connect(this.#book, id, negotiated);
    this.connections.set(connection.id, connection);
    return connection;
  }

  /** A peer that is served. */
  served(id: number, negotiated: Partial<Negotiated> = {}): Connection {
    const connection = this.peer(id, negotiated);
    this.upload.onInterested(connection, 0);
    assert(!connection.upload.amChoking);
    this.actions();
    return connection;
  }

  request(connection: Connection, piece: number, begin: number, length = BLOCK_LENGTH): void {
    this.upload.onRequest(connection, { type: "request", piece, begin, length }, 0);
  }

  actions(): Action[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  said(connection: Connection): Message[] {
    return sentTo(this.actions(), connection);
  }
}

const reject = (piece: number, begin: number, length = BLOCK_LENGTH) => ({
  type: "reject",
  piece,
  begin,
  length,
});

Deno.test({
  name: "who is interested is served at once while there is a slot",
  permissions,
  fn() {
    const bench = new UploadHarness(2);
    const [one, two, three] = [bench.peer(1), bench.peer(2), bench.peer(3)];
    for (const peer of [one, two, three]) bench.upload.onInterested(peer, 5);
    const unchoked = bench.actions().map((action) =>
      action.type === "send" ? [action.connection.id, action.message.type] : []
    );
    assertEquals(unchoked, [[1, "unchoke"], [2, "unchoke"]]);
    assertEquals([one, two, three].map((peer) => peer.upload.amChoking), [false, false, true]);
    bench.upload.onInterested(one, 6);
    assertEquals(bench.actions(), [], "saying it twice changes nothing");
  },
});

Deno.test({
  name: "a slot given back goes at once to who has waited longest, and nobody else loses theirs",
  permissions,
  fn() {
    const bench = new UploadHarness(2);
    const [leaver, keeper, newcomer, veteran] = [1, 2, 3, 4].map((id) => bench.peer(id)) as [
      Connection,
      Connection,
      Connection,
      Connection,
    ];
    bench.upload.tick(0);
    for (const peer of [leaver, keeper, veteran, newcomer]) bench.upload.onInterested(peer, 100);
    veteran.upload.unchokedMs = 50; // it has had its turn
    bench.upload.onNotInterested(leaver, 200);
    const choked = () => [leaver, keeper, newcomer, veteran].map((peer) => peer.upload.amChoking);
    assertEquals(choked(), [true, false, false, true]);
    bench.upload.onInterested(leaver, 210);
    bench.upload.tick(250);
    assertEquals(choked(), [true, false, false, true], "it has to wait now");
  },
});

Deno.test({
  name: "in a swarm of no more than two handfuls everybody is served, beyond that a handful",
  permissions,
  fn() {
    for (const leechers of [8, 9]) {
      const bench = new UploadHarness(4);
      bench.connections.clear();
      const peers = Array.from({ length: leechers }, (_, i) => bench.peer(i + 1));
      for (const peer of peers) peer.pieces.have = bits(4);
      for (const peer of peers) bench.upload.onInterested(peer, 0);
      assertEquals(peers.filter((peer) => !peer.upload.amChoking).length, leechers === 8 ? 8 : 4);
    }
  },
});

Deno.test({
  name: "who has hardly anything yet serves two, so that they have it whole soon and pass it on",
  permissions,
  fn() {
    const bench = new UploadHarness(4, layoutOf(40, 16), bits(40, 3, 7));
    const peers = [1, 2, 3, 4].map((id) => bench.peer(id));
    for (const peer of peers) bench.upload.onInterested(peer, 0);
    assertEquals(peers.map((peer) => peer.upload.amChoking), [false, false, true, true]);
  },
});

Deno.test({
  name: "the slot of a peer that left is given away with the next tick",
  permissions,
  fn() {
    const bench = new UploadHarness(1);
    const one = bench.served(1);
    const other = bench.peer(2);
    bench.upload.onInterested(other, 0);
    bench.upload.tick(0);
    const leaver = one.upload.amChoking ? other : one;
    bench.connections.delete(leaver.id);
    bench.upload.onDisconnected(leaver);
    const left = one.upload.amChoking ? one : other;
    bench.upload.tick(250);
    assert(!left.upload.amChoking);
  },
});

Deno.test({
  name: "every second the slots are dealt anew to who takes most, or gives most",
  permissions,
  fn() {
    for (const complete of [true, false]) {
      const have = complete ? allOf(4) : bits(4, 0);
      const bench = new UploadHarness(2, layoutOf(4, 16), have);
      const peers = [1, 2, 3, 4].map((id) => bench.peer(id));
      for (const peer of peers) bench.upload.onInterested(peer, 0);
      bench.upload.tick(0);
      for (const peer of peers) {
        peer.upload.meter.add(peer.id * 1000, 900);
        peer.download.meter.add((5 - peer.id) * 1000, 900);
      }
      bench.upload.tick(999);
      bench.upload.tick(1000);
      const fastest = peers[complete ? 3 : 0]!;
      assert(!fastest.upload.amChoking);
      assertEquals(peers.filter((peer) => !peer.upload.amChoking).length, 2);
    }
  },
});

Deno.test({
  name:
    "requests of a served peer are queued and handed to the socket in order, as much as it takes",
  permissions,
  fn() {
    const bench = new UploadHarness();
    const peer = bench.served(1);
    for (const block of [0, 1, 2, 3]) bench.request(peer, 1, block * BLOCK_LENGTH);
    assertEquals(bench.actions().map(({ type }) => type), ["upload"], "the socket is told once");
    const taken = bench.upload.take(peer, 2.5 * BLOCK_LENGTH);
    assertEquals(taken.map(({ begin }) => begin / BLOCK_LENGTH), [0, 1]);
    assertEquals(bench.upload.take(peer, 1).length, 1, "at least one, however little room");
    assertEquals(bench.upload.take(peer, 1e9).length, 1);
    assertEquals(bench.upload.take(peer, 1e9), []);
    bench.request(peer, 0, 0);
    assertEquals(bench.actions().map(({ type }) => type), ["upload"]);
  },
});

Deno.test({
  name: "where there is room for part of a piece only, its blocks stay together",
  permissions,
  fn() {
    const bench = new UploadHarness();
    const peer = bench.served(1);
    const blocks = (taken: BlockRequest[]) => taken.map(({ begin }) => begin / BLOCK_LENGTH);
    for (const [piece, block] of [[0, 3], [1, 0], [1, 1], [1, 2], [2, 0]] as const) {
      bench.request(peer, piece, block * BLOCK_LENGTH);
    }
    assertEquals(blocks(bench.upload.take(peer, 3 * BLOCK_LENGTH)), [3]);
    assertEquals(
      blocks(bench.upload.take(peer, 2 * BLOCK_LENGTH)),
      [0, 1],
      "more than there is room for",
    );
    assertEquals(blocks(bench.upload.take(peer, 9 * BLOCK_LENGTH)), [2, 0]);
  },
});

Deno.test({
  name: "a peer that asks without having said that it is interested is served all the same",
  permissions,
  fn() {
    const bench = new UploadHarness();
    const peer = bench.peer(1);
    bench.request(peer, 0, 0);
    assertEquals(bench.said(peer), [{ type: "unchoke" }]);
    assertEquals(peer.upload.queue.length, 1);
  },
});

Deno.test({
  name: "a choked peer's request is refused with the fast extension and not answered without it",
  permissions,
  fn() {
    const bench = new UploadHarness(0);
    const [fast, slow] = [bench.peer(1), bench.peer(2, old)];
    bench.request(fast, 2, BLOCK_LENGTH);
    bench.request(slow, 2, BLOCK_LENGTH);
    const actions = bench.actions();
    assertEquals<unknown>(sentTo(actions, fast), [reject(2, BLOCK_LENGTH)]);
    assertEquals(sentTo(actions, slow), []);
    assertEquals([fast.upload.queue, slow.upload.queue], [[], []]);
  },
});

Deno.test({
  name: "a choke comes first and then a refusal of every request that was queued (BEP 6)",
  permissions,
  fn() {
    const bench = new UploadHarness(2);
    const [fast, slow] = [bench.served(1), bench.served(2, old)];
    for (const peer of [fast, slow]) for (const i of [0, 1, 2]) bench.request(peer, i, 0);
    for (const peer of [fast, slow]) bench.upload.onNotInterested(peer, 0);
    bench.actions();
    bench.upload.onInterested(bench.peer(3), 0);
    bench.upload.onInterested(bench.peer(4), 0);
    bench.upload.tick(250);
    const actions = bench.actions();
    assertEquals<unknown>(sentTo(actions, fast), [
      { type: "choke" },
      reject(0, 0),
      reject(1, 0),
      reject(2, 0),
    ]);
    assertEquals<unknown>(sentTo(actions, slow), [{ type: "choke" }]);
    assertEquals([fast.upload.queue, slow.upload.queue], [[], []]);
  },
});

Deno.test({
  name: "who wants nothing at the moment keeps its slot while nobody waits for one",
  permissions,
  fn() {
    const bench = new UploadHarness(1);
    const idle = bench.served(1);
    bench.actions();
    bench.upload.onNotInterested(idle, 0);
    for (const nowMs of [0, 250, 10_000, 20_000]) bench.upload.tick(nowMs);
    bench.upload.onInterested(idle, 20_100);
    assertEquals(bench.actions(), [], "neither choked nor unchoked anew");
    bench.upload.onNotInterested(idle, 0);
    const other = bench.peer(2);
    bench.upload.onInterested(other, 20_200);
    bench.upload.tick(20_250);
    assertEquals([idle.upload.amChoking, other.upload.amChoking], [true, false]);
  },
});

Deno.test({
  name: "a piece we do not have is refused",
  permissions,
  fn() {
    const bench = new UploadHarness(1, layoutOf(4, 16), bits(4, 1));
    const peer = bench.served(1);
    bench.request(peer, 0, 0);
    bench.request(peer, 1, 0);
    assertEquals<unknown>(bench.said(peer), [reject(0, 0)]);
    assertEquals(peer.upload.queue.map(({ piece }) => piece), [at(1)]);
  },
});

Deno.test({
  name: "a cancelled request is dropped and answered; one that is on its way is not",
  permissions,
  fn() {
    const bench = new UploadHarness();
    const [fast, slow] = [bench.served(1), bench.served(2, old)];
    for (const peer of [fast, slow]) {
      bench.request(peer, 0, 0);
      bench.request(peer, 0, BLOCK_LENGTH);
      bench.upload.take(peer, 1);
    }
    bench.actions();
    const cancel = (begin: number, length = BLOCK_LENGTH) =>
      ({ type: "cancel", piece: 0, begin, length }) as const;
    for (const peer of [fast, slow]) {
      bench.upload.onCancel(peer, cancel(0));
      bench.upload.onCancel(peer, cancel(BLOCK_LENGTH, 5));
      bench.upload.onCancel(peer, cancel(BLOCK_LENGTH));
      bench.upload.onCancel(peer, cancel(BLOCK_LENGTH));
      assertEquals(peer.upload.queue, []);
    }
    const actions = bench.actions();
    assertEquals<unknown>(sentTo(actions, fast), [reject(0, BLOCK_LENGTH)]);
    assertEquals(sentTo(actions, slow), []);
  },
});

Deno.test({
  name: "the queue of one peer is bounded, and what does not fit is refused",
  permissions,
  fn() {
    const bench = new UploadHarness();
    const peer = bench.served(1);
    for (let i = 0; i < REQUEST_QUEUE + 5; i++) bench.request(peer, 0, i % 16 * BLOCK_LENGTH, 100);
    assertEquals(peer.upload.queue.length, REQUEST_QUEUE);
    assertEquals(bench.said(peer).filter(({ type }) => type === "reject").length, 5);
  },
});

Deno.test({
  name: "blocks up to 128 KiB are served, larger ones refused",
  permissions,
  fn() {
    const bench = new UploadHarness();
    const peer = bench.served(1);
    bench.request(peer, 0, 0, MAX_SERVED_BLOCK);
    bench.request(peer, 0, 7, 3);
    bench.request(peer, 0, 0, MAX_SERVED_BLOCK + 1);
    assertEquals(peer.upload.queue.map(({ length }) => length), [MAX_SERVED_BLOCK, 3]);
    assertEquals<unknown>(bench.said(peer), [reject(0, 0, MAX_SERVED_BLOCK + 1)]);
  },
});

Deno.test({
  name: "a range that no piece has costs the connection, choked or not",
  permissions,
  fn() {
    for (const slots of [0, 1]) {
      const bench = new UploadHarness(slots);
      const peer = bench.peer(1);
      const pieceLength = 16 * BLOCK_LENGTH;
      const bad: [piece: number, begin: number, length: number][] = [
        [4, 0, BLOCK_LENGTH],
        [2 ** 32 - 1, 0, BLOCK_LENGTH],
        [0, pieceLength, BLOCK_LENGTH],
        [0, pieceLength - 1, 2],
        [0, 2 ** 32 - 1, 2 ** 32 - 1],
        [0, 0, 0],
      ];
      for (const [piece, begin, length] of bad) {
        assertThrows(() => bench.request(peer, piece, begin, length), ProtocolError, "asked for");
      }
      assertEquals(peer.upload.queue, []);
    }
  },
});

Deno.test({
  name:
    "libtorrent's whole block beyond the end of a v2 file is served, but nothing beyond the piece",
  permissions,
  fn() {
    const files = [{ length: 81_921, pad: false, root: new Uint8Array(32) }];
    for (const version of ["v2", "hybrid", "v1"] as const) {
      const bench = new UploadHarness(1, new Layout({ version, pieceLength: 32_768, files }));
      const peer = bench.served(1);
      bench.request(peer, 2, 0, 16_384);
      bench.request(peer, 2, 16_384, 1);
      if (version === "v1") {
        assertThrows(() => bench.request(peer, 2, 16_384, 16_384), ProtocolError);
      } else bench.request(peer, 2, 16_384, 16_384);
      assertThrows(() => bench.request(peer, 2, 16_385, 16_384), ProtocolError);
      assertEquals(peer.upload.queue.length, version === "v1" ? 2 : 3);
    }
  },
});

Deno.test({
  name: "a piece gone from the disk is refused to everybody who waits for it",
  permissions,
  fn() {
    const bench = new UploadHarness();
    const [one, slow] = [bench.served(1), bench.served(2, old)];
    for (const peer of [one, slow]) for (const i of [0, 1, 0]) bench.request(peer, i, 0);
    bench.actions();
    bench.upload.onPieceLost(at(0));
    const actions = bench.actions();
    assertEquals<unknown>(sentTo(actions, one), [reject(0, 0), reject(0, 0)]);
    assertEquals(sentTo(actions, slow), []);
    for (const peer of [one, slow]) assertEquals(peer.upload.queue.map((q) => q.piece), [at(1)]);
    bench.upload.onRefused(one, { piece: at(2), begin: 0, length: 5 });
    assertEquals<unknown>(bench.said(one), [reject(2, 0, 5)]);
  },
});
