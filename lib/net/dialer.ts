/**
 * Connects to peers of one torrent.
 *
 * @module
 */

import type { Handshake } from "../codec/wire/handshake.ts";
import { ProtocolError } from "../errors.ts";
import type { InfoHashes } from "../peer/connection/info_hashes.ts";
import { rethrowBug } from "../runtime/operational_errors.ts";
import { socketErrorText } from "../runtime/socket_errors.ts";
import {
  closeQuietly,
  ConnectionClosedError,
  dialHandshake,
  type OpenedSocket,
} from "./handshake.ts";

/** A connection to a peer of the torrent that was asked for. */
export interface DialledSocket {
  readonly opened: OpenedSocket;
  /** The connection runs on the v2 info-hash. */
  readonly v2: boolean;
}

/** A peer to connect to; the same object every time, by which it is remembered. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Connects, with a plain handshake first: nobody that takes one is kept waiting by the other. Who hangs
 * up on it is dialled once more at once, with an encrypted handshake.
 */
export class Dialer {
  /** Who was reached in no other way: next time it is tried first. */
  readonly #wantEncryption = new WeakSet<PeerAddress>();

  /** As {@link dialHandshake}; why nothing came of it, in words, instead of an error. */
  async tryDial(
    infoHashes: InfoHashes,
    peer: PeerAddress,
    v2: boolean,
    signal: AbortSignal,
  ): Promise<DialledSocket | string> {
    try {
      return await this.dial(infoHashes, peer, v2, signal);
    } catch (error) {
      rethrowBug(error);
      return dialReason(error);
    }
  }

  /**
   * Connects to a peer and shakes hands.
   *
   * @param v2 on the v2 info-hash; a peer may answer with it in any case (BEP 52)
   * @throws {Error} when the peer cannot be reached, or does not share the torrent
   */
  async dial(
    infoHashes: InfoHashes,
    peer: PeerAddress,
    v2: boolean,
    signal: AbortSignal,
  ): Promise<DialledSocket> {
    const opened = await this.#open(peer, infoHashes.handshake(v2), signal);
    const answered = infoHashes.versionOf(opened.handshake);
    if (answered === undefined || (answered === "v1" && v2)) {
      closeQuietly(opened.conn);
      throw new ProtocolError("answered for another torrent");
    }
    return { opened, v2: answered === "v2" };
  }

  async #open(peer: PeerAddress, ours: Handshake, signal: AbortSignal): Promise<OpenedSocket> {
    const { host, port } = peer;
    if (this.#wantEncryption.delete(peer)) {
      const opened = await dialHandshake(host, port, ours, true, signal);
      this.#wantEncryption.add(peer);
      return opened;
    }
    try {
      return await dialHandshake(host, port, ours, false, signal);
    } catch (error) {
      if (!isHangUp(error) || signal.aborted) throw error;
      const opened = await dialHandshake(host, port, ours, true, signal).catch(rethrowBug);
      if (!opened) throw error;
      this.#wantEncryption.add(peer);
      return opened;
    }
  }
}

/** The other side ended the connection and not we, and had said nothing. */
function isHangUp(error: unknown): boolean {
  return error instanceof ConnectionClosedError || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
}

/** Why an attempt to connect failed, in words. */
export function dialReason(error: unknown): string {
  return socketErrorText(error);
}
