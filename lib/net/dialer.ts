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
  /** Whether the connection uses the v2 info-hash. */
  readonly v2: boolean;
}

/** A peer to connect to. Callers must pass the same object every time, because it is used as a key. */
export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Connects, trying a plain handshake first, so that peers that accept one are not delayed. A peer that hangs
 * up on it is dialled again at once with an encrypted handshake.
 */
export class Dialer {
  /** Peers that only accepted an encrypted handshake; the next attempt starts with one. */
  readonly #wantEncryption = new WeakSet<PeerAddress>();

  /** Like {@link Dialer.dial}, but returns a description of the failure instead of throwing. */
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
   * Connects to a peer and exchanges handshakes.
   *
   * @param v2 use the v2 info-hash; a peer may answer with it in any case (BEP 52)
   * @throws {Error} if the peer cannot be reached or does not have the torrent
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

/** Whether the peer closed the connection without answering. */
function isHangUp(error: unknown): boolean {
  return error instanceof ConnectionClosedError || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
}

/** Describes why an attempt to connect failed. */
export function dialReason(error: unknown): string {
  return socketErrorText(error);
}
