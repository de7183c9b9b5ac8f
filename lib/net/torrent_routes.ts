/**
 * Which torrent an incoming handshake is for.
 *
 * @module
 */

import { hex } from "../codec/bytes.ts";
import type { Handshake, HandshakeHead } from "../codec/wire/handshake.ts";
import { hashedInfoHash } from "../codec/wire/mse_keys.ts";
import type { InfoHashes } from "../peer/connection/info_hashes.ts";

/** A torrent that accepts connections. */
export interface RoutedTorrent {
  /** The torrent's info-hashes and the handshake to answer with. */
  readonly infoHashes: Pick<InfoHashes, "all" | "answer">;
}

/** Finds a torrent by its info-hash, or by the hash of it that an encrypted handshake carries. */
export class TorrentRoutes<T extends RoutedTorrent> {
  readonly #byHash = new Map<string, T>();
  /** Info-hashes by their own hash (MSE). */
  readonly #byHashedHash = new Map<string, Uint8Array>();
  readonly #keys = new Map<T, readonly Uint8Array[]>();

  /** Adds a torrent, or its new info-hashes. An info-hash that another torrent has stays with that one. */
  set(torrent: T): void {
    this.delete(torrent);
    const own = torrent.infoHashes.all.filter((hash) => !this.#byHash.has(hex(hash)));
    this.#keys.set(torrent, own);
    for (const infoHash of own) {
      this.#byHash.set(hex(infoHash), torrent);
      this.#byHashedHash.set(hex(hashedInfoHash(infoHash)), infoHash);
    }
  }

  /** Removes a torrent. */
  delete(torrent: T): void {
    for (const infoHash of this.#keys.get(torrent) ?? []) {
      this.#byHash.delete(hex(infoHash));
      this.#byHashedHash.delete(hex(hashedInfoHash(infoHash)));
    }
    this.#keys.delete(torrent);
  }

  /** The torrent that a handshake asks for, and the answer; `undefined` when it is not here. */
  find(head: HandshakeHead): { torrent: T; handshake: Handshake; v2: boolean } | undefined {
    const torrent = this.#byHash.get(hex(head.infoHash));
    const answer = torrent?.infoHashes.answer(head);
    return torrent && answer && { torrent, ...answer };
  }

  /** The info-hash, 20 bytes, of a torrent here; see {@link hashedInfoHash}. */
  infoHashOf(hashed: Uint8Array): Uint8Array | undefined {
    return this.#byHashedHash.get(hex(hashed));
  }
}
