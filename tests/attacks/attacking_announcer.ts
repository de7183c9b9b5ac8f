/**
 * A UDP client of a tracker that comes from an address of its choice and does not tire.
 * @module
 */

import { utf8 } from "../../lib/codec/bytes.ts";
import {
  decodeResponse,
  encodeRequest,
  formatUrlData,
  type TrackerRequest,
  type TrackerResponse,
} from "../../lib/codec/discovery/udp_tracker.ts";
import { sha1 } from "../../lib/codec/hash.ts";

/** Requests under way at once. */
const OUTSTANDING = 64;

/** One socket of a stranger's. Dispose it. */
export class AttackingAnnouncer implements Disposable {
  /** Answers that refused what was asked. */
  refused = 0;
  readonly #socket: Deno.DatagramConn;
  readonly #tracker: Deno.NetAddr;
  #connectionId: Uint8Array = new Uint8Array(8);
  #transactions = 0;

  private constructor(from: string, port: number) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: from, port: 0 });
    this.#tracker = { transport: "udp", hostname: "127.0.0.1", port };
  }

  /** Gets a connection id. */
  static async connect(from: string, port: number): Promise<AttackingAnnouncer> {
    const announcer = new AttackingAnnouncer(from, port);
    const answer = await announcer.ask({ type: "connect", transactionId: 0 });
    if (answer.type !== "connect") throw new Error(`${answer.type} instead of connect`);
    announcer.#connectionId = answer.connectionId;
    return announcer;
  }

  /** Sends one request and takes the answer. */
  async ask(request: TrackerRequest): Promise<TrackerResponse> {
    await this.#socket.send(encodeRequest(request), this.#tracker);
    return await this.#answer();
  }

  /** Announces so many torrents, with what `nth` says of each, as fast as the tracker answers. */
  async announceMany(count: number, nth: (n: number) => Announced): Promise<void> {
    for (let sent = 0, underWay = 0; sent < count || underWay > 0;) {
      for (; sent < count && underWay < OUTSTANDING; underWay++) {
        await this.#socket.send(encodeRequest(this.#announce(nth(sent++))), this.#tracker);
      }
      const answer = await this.#answer();
      if (answer.type === "error") this.refused++;
      underWay--;
    }
  }

  /** Announces one torrent. */
  announce(announced: Announced): Promise<TrackerResponse> {
    return this.ask(this.#announce(announced));
  }

  /** Asks for the roll-call of a torrent. */
  who(torrent: string, offset = 0): Promise<TrackerResponse> {
    return this.ask({
      type: "who",
      connectionId: this.#connectionId,
      transactionId: ++this.#transactions,
      infoHash: sha1(utf8(torrent)),
      offset,
    });
  }

  /** Looks a name up. */
  find(name: string): Promise<TrackerResponse> {
    const transactionId = ++this.#transactions;
    return this.ask({ type: "find", connectionId: this.#connectionId, transactionId, name });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #announce({ torrent, port = 6881, name, label, leaves }: Announced): TrackerRequest {
    const hosted = name === undefined
      ? undefined
      : { name, length: 1000, ...(label !== undefined && { label }) };
    return {
      type: "announce",
      connectionId: this.#connectionId,
      transactionId: ++this.#transactions,
      infoHash: sha1(utf8(torrent)),
      peerId: utf8("-XX0000-abcdefghijkl"),
      downloadedBytes: 0,
      leftBytes: label === undefined ? 0 : 500,
      uploadedBytes: 0,
      event: leaves ? "stopped" : "started",
      key: 7,
      numWant: 0,
      port,
      urlData: formatUrlData("", hosted),
    };
  }

  async #answer(): Promise<TrackerResponse> {
    const [packet] = await this.#socket.receive();
    return decodeResponse(packet, 4);
  }
}

/** What is announced. */
export interface Announced {
  /** Any text; the info-hash follows from it. */
  readonly torrent: string;
  /** TCP port of the made-up peer. */
  readonly port?: number;
  /** A name for the catalogue. */
  readonly name?: string;
  /** The name of a machine that has half of it. */
  readonly label?: string;
  /** It leaves. */
  readonly leaves?: boolean;
}
