/**
 * What two peers tell each other of themselves beyond the handshake (BEP 10).
 *
 * @module
 */

import { ipToBytes } from "../codec/address.ts";
import {
  decodeExtendedHandshake,
  DONT_HAVE_EXTENSION,
  encodeExtendedHandshake,
  METADATA_EXTENSION,
} from "../codec/extension.ts";
import type { Connection } from "./connection.ts";
import type { Transfer } from "./transfer.ts";
import { REQUEST_QUEUE } from "./upload.ts";

/** The numbers under which we receive extension messages. */
export const OurExtension = { metadata: 1, dontHave: 2 } as const;

const OUR_EXTENSIONS: ReadonlyMap<string, number> = new Map([
  [METADATA_EXTENSION, OurExtension.metadata],
  [DONT_HAVE_EXTENSION, OurExtension.dontHave],
]);

/** The payload of our extended handshake to this peer. `transfer` is absent before it has begun. */
export function ourExtendedHandshake(
  connection: Connection,
  ourselves: { readonly client: string; readonly listenPort: number },
  transfer: Transfer | undefined,
): Uint8Array {
  return encodeExtendedHandshake({
    ids: OUR_EXTENSIONS,
    port: ourselves.listenPort,
    client: ourselves.client,
    requestQueue: REQUEST_QUEUE,
    yourIp: ipToBytes(connection.peer.host),
    ...(transfer && { metadataSize: transfer.metadataSize }),
    ...(transfer?.pieces.isComplete && { uploadOnly: true }),
  });
}

/**
 * Notes what the peer says of itself. Returns the port it listens on, if it says so.
 *
 * @throws {ProtocolError} when the payload is no dictionary
 */
export function takeExtendedHandshake(
  connection: Connection,
  payload: Uint8Array,
): number | undefined {
  const said = decodeExtendedHandshake(payload);
  for (const name of OUR_EXTENSIONS.keys()) { // of others there could be any number
    const id = said.ids.get(name);
    if (id !== undefined) connection.extensionIds.set(name, id);
  }
  if (said.client !== undefined) connection.peer.client = said.client;
  if (said.requestQueue !== undefined) connection.requestQueue = said.requestQueue;
  if (said.metadataSize !== undefined) connection.metadataSize = said.metadataSize;
  if (said.uploadOnly !== undefined) connection.uploadOnly = said.uploadOnly;
  return said.port;
}
