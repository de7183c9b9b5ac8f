/**
 * The extension protocol of one torrent (BEP 10): sends and reads extended handshakes, and dispatches
 * extended messages.
 *
 * @module
 */

import {
  decodeDontHave,
  decodeMetadataMessage,
  EXTENDED_HANDSHAKE_ID,
} from "../../codec/wire/extension.ts";
import type { ExtendedMessage } from "../../codec/wire/message.ts";
import type { Connection } from "../connection/connection.ts";
import type { PeerContext } from "../peers/peer_context.ts";
import {
  type ExtensionTarget,
  ourExtendedHandshake,
  OurExtension,
  type Ourselves,
  ourUploadOnly,
  takeExtendedHandshake,
} from "./extended_handshake.ts";
import type { PeerExchange } from "./pex.ts";

/** The parts that extended messages are for. */
interface ExtensionHandlers {
  /** The current phase of the swarm. */
  readonly target: () => ExtensionTarget;
  readonly pex: PeerExchange;
  /** An inbound peer told us its listen port. */
  readonly onListenPort: (connection: Connection, listenPort: number) => void;
}

/** Speaks BEP 10 on all connections. */
export class Extensions {
  /** The torrent is private, so PEX is off (BEP 27). */
  isPrivate = false;
  readonly #context: PeerContext;
  readonly #ourselves: Ourselves;
  readonly #handlers: ExtensionHandlers;

  constructor(context: PeerContext, ourselves: Ourselves, handlers: ExtensionHandlers) {
    this.#context = context;
    this.#ourselves = ourselves;
    this.#handlers = handlers;
  }

  /** Sends our extended handshake. `anew`: the peer has received one before. */
  introduce(connection: Connection, anew: boolean): void {
    if (!connection.negotiated.extensions) return;
    const target = this.#handlers.target();
    connection.extension.saidUploadOnly = target.saysUploadOnlyAtOnce ?? false;
    // A later handshake adds to an earlier one, so an extension that is off now has to be switched off.
    const exchange = !this.isPrivate ? "on" : anew ? "off" : "absent";
    this.#send(connection, ourExtendedHandshake(connection, this.#ourselves, target, exchange));
  }

  /**
   * Handles an extended message.
   *
   * @throws {ProtocolError} when it is malformed
   */
  onMessage(connection: Connection, message: ExtendedMessage, nowMs: number): void {
    const target = this.#handlers.target();
    const { id, payload } = message;
    switch (id) {
      case EXTENDED_HANDSHAKE_ID:
        return this.#introduced(connection, payload);
      case OurExtension.metadata:
        return target.onMetadataMessage(connection, decodeMetadataMessage(payload), nowMs);
      case OurExtension.dontHave:
        return target.onDontHave?.(connection, decodeDontHave(payload));
      case OurExtension.exchange:
        if (!this.isPrivate) this.#handlers.pex.onMessage(connection, payload, nowMs);
        return;
      default: // an extension that we did not announce
        return;
    }
  }

  /** Tells peers when we become upload-only or stop being so (BEP 21). */
  tick(): void {
    const { isUploadOnly } = this.#handlers.target();
    if (isUploadOnly === undefined) return;
    for (const connection of this.#context.connections.values()) {
      const { negotiated, extension, peer } = connection;
      if (peer.complete) extension.isSuperSeeder = false; // it has announced all its pieces
      if (extension.saidUploadOnly === isUploadOnly || !negotiated.extensions) continue;
      extension.saidUploadOnly = isUploadOnly;
      this.#send(connection, ourUploadOnly(isUploadOnly));
    }
  }

  #introduced(connection: Connection, payload: Uint8Array): void {
    const { port, yourIp } = takeExtendedHandshake(connection, payload);
    if (yourIp !== undefined) this.#context.ownAddresses.vote(yourIp, connection.peer.host);
    if (port !== undefined && connection.negotiated.inbound) {
      this.#handlers.onListenPort(connection, port);
    }
    this.#context.ready.enqueue(connection);
  }

  #send(connection: Connection, payload: Uint8Array): void {
    const message = { type: "extended", id: EXTENDED_HANDSHAKE_ID, payload } as const;
    this.#context.emit({ type: "send", connection, message });
  }
}
