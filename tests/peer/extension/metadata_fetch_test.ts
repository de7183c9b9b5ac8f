/** The info dictionary from peers (BEP 9). @module */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { sha1, sha256 } from "../../../lib/codec/hash.ts";
import {
  decodeMetadataMessage,
  MAX_METADATA_LENGTH,
  type MetadataMessage,
} from "../../../lib/codec/wire/extension.ts";
import { CorruptDataError, ProtocolError } from "../../../lib/errors.ts";
import type { Action } from "../../../lib/peer/connection/actions.ts";
import type { Connection } from "../../../lib/peer/connection/connection.ts";
import { ReadyQueue } from "../../../lib/peer/connection/ready_queue.ts";
import { MetadataFetch } from "../../../lib/peer/extension/metadata_fetch.ts";
import { PeerList } from "../../../lib/peer/peers/peer_list.ts";
import { pseudoRandomBytes } from "../../../support/content.ts";
import { connect, sentTo } from "../../support/peer/peers.ts";

const permissions = "none";
const PART = 16384;
const INFO = pseudoRandomBytes(40_000, 1);

/** A fetch of `info` and the peers that take part in it. */
class MetadataFetchHarness {
  readonly fetch: MetadataFetch;
  readonly #book = new PeerList(() => {});
  readonly #connections: Connection[] = [];
  readonly #ready = new ReadyQueue();
  #actions: Action[] = [];
  nowMs = 0;

  constructor(readonly info: Uint8Array = INFO, hashes = { v1: true, v2: false }) {
    this.fetch = new MetadataFetch(
      { emit: (action) => this.#actions.push(action), ready: this.#ready },
      {
        v1Hash: hashes.v1 ? sha1(info) : undefined,
        v2Hash: hashes.v2 ? sha256(info) : undefined,
      },
    );
  }

  /** A peer that offers metadata of this size under extension number 9. */
  peer(id: number, metadataSize = this.info.length, negotiated = {}, host?: string): Connection {
    const connection = connect(this.#book, id, negotiated);
    if (host !== undefined) connection.peer.host = host;
    this.#connections.push(connection);
    this.fetch.onConnected(connection);
    connection.extension.ids.set("ut_metadata", 9);
    connection.extension.metadataSize = metadataSize;
    this.#ready.enqueue(connection);
    return connection;
  }

  /** Which parts are asked of the peer now. */
  asked(connection: Connection): number[] {
    return this.said(connection).flatMap((m) => m.type === "request" ? [m.piece] : []);
  }

  /** The metadata messages sent to the peer since the last time. */
  said(connection: Connection): MetadataMessage[] {
    let one: Connection | undefined;
    while ((one = this.#ready.next()) !== undefined) {
      if (this.#connections.includes(one)) this.fetch.poll(one, this.nowMs);
    }
    const messages = sentTo(this.#actions, connection);
    this.#actions = this.#actions.filter((action) =>
      action.type !== "send" || action.connection !== connection
    );
    return messages.flatMap((message) => {
      if (message.type !== "extended") return [];
      assertEquals(message.id, 9, "sent with the number the peer chose");
      return [decodeMetadataMessage(message.payload)];
    });
  }

  /** The peer gives one part of `info`. */
  give(connection: Connection, piece: number, info = this.info): void {
    const data = info.subarray(piece * PART, (piece + 1) * PART);
    const message = { type: "data", piece, totalSize: info.length, data } as const;
    this.fetch.onMetadataMessage(connection, message, this.nowMs);
  }

  /** The connection is gone. */
  leave(connection: Connection): void {
    this.#connections.splice(this.#connections.indexOf(connection), 1);
    this.fetch.onDisconnected(connection);
  }

  /** Time passes; as in a swarm everybody is looked at afterwards. */
  tick(byMs: number): void {
    this.nowMs += byMs;
    this.fetch.tick(this.nowMs);
    for (const connection of this.#connections) this.#ready.enqueue(connection);
  }

  /** What was emitted as the finished dictionary. */
  get metadata(): Uint8Array | undefined {
    return this.#actions.flatMap((action) => action.type === "metadata" ? [action.info] : [])[0];
  }
}

Deno.test({
  name: "the info dictionary is put together from its parts in whatever order they come",
  permissions,
  fn() {
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0]]) {
      const bench = new MetadataFetchHarness();
      const peer = bench.peer(1);
      assertEquals(bench.asked(peer), [0, 1, 2]);
      for (const piece of order) {
        assert(!bench.fetch.done);
        bench.give(peer, piece);
      }
      assert(bench.fetch.done);
      assertEquals(bench.metadata, INFO);
      assert(peer.extension.gaveMetadata);
      bench.tick(60_000);
      assertEquals(bench.asked(peer), [], "and asked for no more");
    }
  },
});

Deno.test({
  name: "metadata of any length arrives whole: a multiple of the part length, one byte, megabytes",
  permissions,
  fn() {
    for (const length of [1, PART - 1, PART, PART + 1, 2 * PART, 40 * PART, 100 * PART + 7]) {
      const bench = new MetadataFetchHarness(pseudoRandomBytes(length, length), {
        v1: true,
        v2: true,
      });
      const peer = bench.peer(1);
      for (let asked = bench.asked(peer); asked.length > 0; asked = bench.asked(peer)) {
        assert(asked.length <= 16, "a few at a time");
        for (const piece of asked) bench.give(peer, piece);
      }
      assertEquals(bench.metadata, bench.info, `${length} bytes`);
    }
  },
});

Deno.test({
  name: "metadata is checked against each hash that is known",
  permissions,
  fn() {
    for (
      const hashes of [{ v1: true, v2: false }, { v1: false, v2: true }, { v1: true, v2: true }]
    ) {
      const bench = new MetadataFetchHarness(INFO, hashes);
      const liar = bench.peer(1);
      bench.asked(liar);
      const wrong = INFO.slice();
      wrong[20_000]! ^= 1;
      bench.give(liar, 0, wrong);
      bench.give(liar, 1, wrong);
      assertThrows(() => bench.give(liar, 2, wrong), CorruptDataError, "does not match");
      assert(!bench.fetch.done && bench.metadata === undefined);
      const honest = bench.peer(2);
      for (const piece of bench.asked(honest)) bench.give(honest, piece);
      assert(bench.fetch.done);
    }
  },
});

Deno.test({
  name: "a liar spoils nobody else's copy",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const [liar, honest] = [bench.peer(1), bench.peer(2)];
    bench.asked(liar);
    bench.asked(honest);
    for (const piece of [0, 1]) {
      bench.give(liar, piece, new Uint8Array(INFO.length));
      bench.give(honest, piece);
    }
    bench.give(honest, 2);
    assertEquals(bench.metadata, INFO);
  },
});

Deno.test({
  name: "a part of the wrong length costs the connection",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const peer = bench.peer(1, INFO.length - 1);
    assertEquals(bench.asked(peer), [0, 1, 2]);
    assertThrows(() => bench.give(peer, 2), ProtocolError, "wrong length");
  },
});

Deno.test({
  name:
    "whatever size a liar names, it is found out at the last part, and the next peer's copy is taken",
  permissions,
  fn() {
    const sizes = [1, PART, PART + 1, INFO.length - 1, INFO.length + 1, 3 * PART, 100 * PART];
    for (const size of sizes) {
      const bench = new MetadataFetchHarness();
      const [liar, honest] = [bench.peer(1, size), bench.peer(2)];
      const padded = new Uint8Array(size); // what it would have to give to be believed
      padded.set(INFO.subarray(0, size));
      assertThrows(
        () => {
          for (let asked = bench.asked(liar); asked.length > 0; asked = bench.asked(liar)) {
            for (const piece of asked) bench.give(liar, piece, padded);
          }
        },
        CorruptDataError,
        "does not match",
        `${size} bytes`,
      );
      bench.leave(liar);
      for (const piece of bench.asked(honest)) bench.give(honest, piece);
      assertEquals(bench.metadata, INFO, `${size} bytes`);
    }
  },
});

Deno.test({
  name: "a size that changes in the middle changes nothing of what is being fetched",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const peer = bench.peer(1);
    assertEquals(bench.asked(peer), [0, 1, 2]);
    for (const [piece, size] of [[0, 1], [1, 2 ** 40], [2, 0]] as const) {
      peer.extension.metadataSize = size;
      bench.give(peer, piece);
      assertEquals(bench.asked(peer), []);
    }
    assertEquals(bench.metadata, INFO);
  },
});

Deno.test({
  name: "a size beyond all reason is not even asked for",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    for (const [id, size] of [[1, MAX_METADATA_LENGTH + 1], [2, 2 ** 53], [3, 0]] as const) {
      assertEquals(bench.asked(bench.peer(id, size)), []);
    }
    const largest = bench.peer(4, MAX_METADATA_LENGTH);
    assertEquals(bench.asked(largest).length, 16, "and the largest reserves nothing");
  },
});

Deno.test({
  name: "a peer without the extension, or that switched it off, is not asked",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const [without, off] = [bench.peer(1), bench.peer(2)];
    without.extension.ids.clear();
    off.extension.ids.set("ut_metadata", 0);
    assertEquals([bench.asked(without), bench.asked(off)], [[], []]);
  },
});

Deno.test({
  name: "parts nobody asked for, repeated ones and messages of unknown kind change nothing",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const stranger = bench.peer(1, 0);
    bench.give(stranger, 0);
    const peer = bench.peer(2);
    bench.asked(peer);
    bench.give(peer, 0);
    bench.give(peer, 0, new Uint8Array(INFO.length));
    const data = new Uint8Array(PART);
    bench.fetch.onMetadataMessage(peer, { type: "data", piece: 3, totalSize: 65_536, data }, 0);
    bench.fetch.onMetadataMessage(peer, { type: "unknown" }, 0);
    bench.give(peer, 1);
    bench.give(peer, 2);
    assertEquals(bench.metadata, INFO);
  },
});

Deno.test({
  name: "a request for metadata is refused while there is none",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const peer = bench.peer(1, 0);
    bench.fetch.onMetadataMessage(peer, { type: "request", piece: 4 }, 0);
    assertEquals(bench.said(peer), [{ type: "reject", piece: 4 }]);
  },
});

Deno.test({
  name: "a peer that refuses is asked again from the beginning after five seconds",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const peer = bench.peer(1);
    bench.asked(peer);
    bench.give(peer, 0);
    bench.fetch.onMetadataMessage(peer, { type: "reject", piece: 1 }, bench.nowMs);
    bench.tick(4900);
    assertEquals(bench.asked(peer), []);
    bench.tick(100);
    assertEquals(bench.asked(peer), [0, 1, 2]);
  },
});

Deno.test({
  name: "three peers are asked at once, and silent ones make room for the others",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const silent = [1, 2, 3].map((id) => bench.peer(id));
    for (const peer of silent) assertEquals(bench.asked(peer).length, 3);
    const honest = bench.peer(4);
    assertEquals(bench.asked(honest), []);
    bench.tick(5000);
    assertEquals(bench.asked(honest), [0, 1, 2]);
    for (const piece of [0, 1, 2]) bench.give(honest, piece);
    assert(bench.fetch.done);
  },
});

Deno.test({
  name: "peers that send a part now and then do not hold up the rest for ever",
  permissions,
  fn() {
    const info = pseudoRandomBytes(60 * PART, 3);
    const bench = new MetadataFetchHarness(info);
    const drips = [1, 2, 3].map((id) => bench.peer(id));
    for (const peer of drips) bench.asked(peer);
    const honest = bench.peer(4);
    let asked: number[] = [];
    for (let i = 0; i < 20 && asked.length === 0; i++) {
      bench.tick(4000);
      for (const peer of drips) bench.give(peer, i);
      asked = bench.asked(honest);
    }
    assert(asked.length > 0);
  },
});

Deno.test({
  name: "a peer that leaves takes its copy along and makes room",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const peers = [1, 2, 3, 4].map((id) => bench.peer(id));
    assertEquals(peers.map((peer) => bench.asked(peer).length), [3, 3, 3, 0]);
    bench.leave(peers[0]!);
    bench.tick(1);
    assertEquals(bench.asked(peers[3]!).length, 3);
  },
});

Deno.test({
  name: "what a peer says of its pieces is kept in order until it can be understood",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const peer = bench.peer(1);
    const bits = Uint8Array.of(0x80);
    bench.fetch.onMessage(peer, { type: "have", piece: 9 });
    bench.fetch.onMessage(peer, { type: "bitfield", bits });
    bits[0] = 0; // the receive buffer is used for something else
    bench.fetch.onMessage(peer, { type: "have", piece: 3 });
    bench.fetch.onMessage(peer, { type: "have", piece: 5 });
    assertEquals<unknown>(bench.fetch.held(peer), [
      { type: "bitfield", bits: Uint8Array.of(0x80) },
      { type: "have", piece: 3 },
      { type: "have", piece: 5 },
    ]);
    bench.fetch.onMessage(peer, { type: "haveAll" });
    assertEquals<unknown>(bench.fetch.held(peer), [{ type: "haveAll" }]);
    bench.fetch.onDisconnected(peer);
    assertEquals(bench.fetch.held(peer), []);
  },
});

Deno.test({
  name: "a peer that announces pieces without end before they can be understood has to go",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness();
    const peer = bench.peer(1);
    assertThrows(
      () => {
        for (let piece = 0; piece < 200_000; piece++) {
          bench.fetch.onMessage(peer, { type: "have", piece });
        }
      },
      ProtocolError,
      "without end",
    );
    assertEquals(bench.fetch.held(peer).length, 100_000);
  },
});

Deno.test({
  name: "a crowd of one host that drips metadata leaves a place to everybody else at once",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness(pseudoRandomBytes(60 * PART, 3));
    const crowd = Array.from(
      { length: 40 },
      (_, i) => bench.peer(100 + i, undefined, {}, "10.9.9.9"),
    );
    for (const peer of crowd) bench.asked(peer);
    const honest = bench.peer(1);
    const asked = bench.asked(honest);
    assert(asked.length > 0, "while the crowd has all places");
    for (const piece of asked) bench.give(honest, piece);
    assert(bench.asked(honest).length > 0, "and it goes on");
  },
});

Deno.test({
  name:
    "of dripping peers everywhere each gets a few seconds, those never tried first, ours before",
  permissions,
  fn() {
    const bench = new MetadataFetchHarness(pseudoRandomBytes(60 * PART, 3));
    const drips = Array.from(
      { length: 30 },
      (_, i) => bench.peer(100 + i, undefined, { inbound: true }),
    );
    for (const peer of drips) bench.asked(peer);
    const [guest, dialled] = [bench.peer(1, undefined, { inbound: true }), bench.peer(2)];
    const sinceMs = bench.nowMs;
    let dialledMs = 0, guestMs = 0;
    for (let parts = 0; guestMs === 0 && parts < 300; parts++) {
      bench.tick(1000);
      for (const peer of drips) bench.give(peer, Math.floor(parts / 3));
      if (bench.asked(dialled).length > 0) dialledMs ||= bench.nowMs - sinceMs;
      if (bench.asked(guest).length > 0) guestMs ||= bench.nowMs - sinceMs;
    }
    assert(dialledMs > 0 && dialledMs < 6000, `whom we dialled was asked after ${dialledMs} ms`);
    assert(guestMs > 0 && guestMs < 60_000, `who came last was asked after ${guestMs} ms`);
  },
});

Deno.test({
  name: "a slow peer keeps its place while nobody else waits, and gets more time the next time",
  permissions,
  fn() {
    const info = pseudoRandomBytes(8 * PART, 5);
    const bench = new MetadataFetchHarness(info);
    const alone = bench.peer(1);
    bench.asked(alone);
    for (let piece = 0; piece < 8; piece++) {
      bench.tick(4500);
      bench.asked(alone);
      bench.give(alone, piece);
    }
    assert(bench.fetch.done, "four kilobytes a second are enough for who is alone");
  },
});
