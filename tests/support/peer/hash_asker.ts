/**
 * A peer that does nothing but ask for hashes (BEP 52), over real TCP.
 * @module
 */

import type { HashRange } from "../../../lib/codec/torrent/piece_layer.ts";
import { Framer } from "../../../lib/codec/wire/framer.ts";
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_LENGTH,
} from "../../../lib/codec/wire/handshake.ts";
import {
  encodeMessage,
  type HashesMessage,
  type HashRangeMessage,
} from "../../../lib/codec/wire/message.ts";

/** One conversation with somebody who has a v2 torrent. */
export class HashAsker implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #framer = new Framer();

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects to `host:port` and shakes hands on the v2 info-hash, 32 bytes. */
  static async connect(address: string, v2Hash: Uint8Array): Promise<HashAsker> {
    const [hostname, port] = address.split(":") as [string, string];
    const asker = new HashAsker(await Deno.connect({ hostname, port: Number(port) }));
    const peerId = crypto.getRandomValues(new Uint8Array(20));
    const off = { extensions: false, dht: false, v2Upgrade: false };
    const infoHash = v2Hash.subarray(0, 20);
    await asker.#conn.write(encodeHandshake({ infoHash, peerId, fast: true, ...off }));
    decodeHandshake(await asker.#next(() => asker.#framer.take(HANDSHAKE_LENGTH)));
    return asker;
  }

  /** Asks for a range of the tree with this root; the answer, or the reject. */
  async ask(root: Uint8Array, range: HashRange): Promise<HashesMessage | HashRangeMessage> {
    await this.#conn.write(encodeMessage({ type: "hashRequest", root, ...range }));
    for (;;) {
      const message = await this.#next(() => this.#framer.next());
      if (message.type === "hashes" || message.type === "hashReject") return message;
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  async #next<T>(take: () => T | undefined): Promise<T> {
    for (;;) {
      const taken = take();
      if (taken !== undefined) return taken;
      const read = await this.#conn.read(this.#framer.space());
      if (read === null) throw new Error("the other side hung up");
      this.#framer.advance(read);
    }
  }
}
