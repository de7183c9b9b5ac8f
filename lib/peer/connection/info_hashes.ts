/**
 * The info-hashes of a torrent, and which one a connection runs on (BEP 3, BEP 52).
 *
 * @module
 */

import { equalBytes } from "../../codec/bytes.ts";
import type { Handshake, HandshakeHead } from "../../codec/wire/handshake.ts";

/** The hashes of a torrent: at least one. */
export interface TorrentHashes {
  /** SHA-1 of the info dictionary, 20 bytes; absent in v2 torrents. */
  readonly v1Hash?: Uint8Array | undefined;
  /** SHA-256 of the info dictionary, 32 bytes; absent in v1 torrents. */
  readonly v2Hash?: Uint8Array | undefined;
}

/** Makes and matches the handshakes of a torrent. */
export class InfoHashes {
  /** 20 bytes. */
  readonly v1: Uint8Array | undefined;
  /** The first 20 of 32 bytes, as sent in handshakes. */
  readonly v2: Uint8Array | undefined;
  readonly #peerId: Uint8Array;

  /** `peerId` is ours, 20 bytes. */
  constructor(hashes: TorrentHashes, peerId: Uint8Array) {
    this.v1 = hashes.v1Hash;
    this.v2 = hashes.v2Hash?.subarray(0, 20);
    this.#peerId = peerId;
  }

  /** The info-hashes as sent in handshakes, 20 bytes each. */
  get all(): Uint8Array[] {
    return [this.v1, this.v2].filter((hash) => hash !== undefined);
  }

  /** Our handshake on the v1 or v2 info-hash. On v1 it offers the upgrade to v2 when both are known. */
  handshake(v2: boolean): Handshake {
    const infoHash = v2 ? this.v2! : this.v1!;
    const v2Upgrade = !v2 && this.v2 !== undefined;
    return { infoHash, peerId: this.#peerId, extensions: true, fast: true, dht: false, v2Upgrade };
  }

  /**
   * Our answer to an incoming handshake: on the same info-hash, or on the v2 one when both sides know the
   * hybrid torrent. `undefined` when it is for another torrent.
   */
  answer(head: HandshakeHead): { handshake: Handshake; v2: boolean } | undefined {
    const asked = this.versionOf(head);
    if (asked === undefined) return undefined;
    const v2 = asked === "v2" || (head.v2Upgrade && this.v2 !== undefined);
    return { handshake: this.handshake(v2), v2 };
  }

  /** Which of our info-hashes a handshake carries; `undefined` when it is for another torrent. */
  versionOf(head: HandshakeHead): "v1" | "v2" | undefined {
    if (this.v1 !== undefined && equalBytes(head.infoHash, this.v1)) return "v1";
    return this.v2 !== undefined && equalBytes(head.infoHash, this.v2) ? "v2" : undefined;
  }

  /** Whether to dial a peer on the v2 info-hash: it was found there, or there is no other. */
  dialsV2(foundUnderV2: boolean): boolean {
    return this.v2 !== undefined && (foundUnderV2 || this.v1 === undefined);
  }
}
