/**
 * What two peers tell each other of themselves beyond the handshake (BEP 10).
 *
 * @module
 */

import { ipToBytes } from "../../codec/address.ts";
import {
  decodeExtendedHandshake,
  DONT_HAVE_EXTENSION,
  encodeExtendedHandshake,
  type ExtendedHandshake,
  METADATA_EXTENSION,
  type MetadataMessage,
} from "../../codec/wire/extension.ts";
import { PEX_EXTENSION } from "../../codec/wire/pex.ts";
import type { Connection } from "../connection/connection.ts";
import { REQUEST_QUEUE } from "../upload/upload.ts";

/** The numbers under which we receive extension messages. */
export const OurExtension = { metadata: 1, dontHave: 2, exchange: 3 } as const;

const OUR_EXTENSIONS: ReadonlyMap<string, number> = new Map([
  [METADATA_EXTENSION, OurExtension.metadata],
  [DONT_HAVE_EXTENSION, OurExtension.dontHave],
  [PEX_EXTENSION, OurExtension.exchange],
]);

/** Who we are, wherever we are. */
export interface Ourselves {
  /** Name and version. */
  readonly client: string;
  readonly listenPort: number;
}

/**
 * The payload of our extended handshake to this peer.
 *
 * @param exchange whether peers are exchanged: `off` takes back an earlier offer
 */
export function ourExtendedHandshake(
  connection: Connection,
  ourselves: Ourselves,
  target: Pick<ExtensionTarget, "metadataSize" | "superSeed">,
  exchange: "on" | "off" | "absent",
): Uint8Array {
  const ids = new Map(OUR_EXTENSIONS);
  if (exchange === "absent") ids.delete(PEX_EXTENSION);
  else if (exchange === "off") ids.set(PEX_EXTENSION, 0);
  return encodeExtendedHandshake({
    ids,
    port: ourselves.listenPort,
    client: ourselves.client,
    requestQueue: REQUEST_QUEUE,
    yourIp: ipToBytes(connection.peer.host),
    ...(target.metadataSize !== undefined && { metadataSize: target.metadataSize }),
    ...(target.superSeed && { superSeeding: true }),
    ...(connection.extension.saidUploadOnly && { uploadOnly: true }),
  });
}

/** The payload of an extended handshake that says whether we want nothing, and nothing else (BEP 21). */
export function ourUploadOnly(uploadOnly: boolean): Uint8Array {
  return encodeExtendedHandshake({ ids: new Map(), uploadOnly });
}

/**
 * Notes what the peer says of itself. Returns what it says of addresses: the port it listens on, and
 * where it sees us.
 *
 * @throws {ProtocolError} when the payload is no dictionary
 */
export function takeExtendedHandshake(
  { peer, extension }: Connection,
  payload: Uint8Array,
): Pick<ExtendedHandshake, "port" | "yourIp"> {
  const said = decodeExtendedHandshake(payload);
  for (const name of OUR_EXTENSIONS.keys()) { // of others there could be any number
    const id = said.ids.get(name);
    if (id !== undefined) extension.ids.set(name, id);
  }
  if (said.client !== undefined) peer.client = said.client;
  if (said.requestQueue !== undefined) extension.requestQueue = said.requestQueue;
  if (said.metadataSize !== undefined) extension.metadataSize = said.metadataSize;
  if (said.uploadOnly !== undefined) extension.uploadOnly = said.uploadOnly;
  if (said.superSeeding !== undefined) extension.isSuperSeeder = said.superSeeding;
  return said;
}

/** Whom extended messages are for: first the fetch of the metadata, then the transfer of pieces. */
export interface ExtensionTarget {
  /** Length of the info dictionary in bytes, once it is known. */
  readonly metadataSize?: number;
  /** We hand out pieces gradually (BEP 16). */
  readonly superSeed?: { readonly isHiding: boolean } | undefined;
  /** Whether we want nothing any more (BEP 21), once that is known. */
  readonly isUploadOnly?: boolean;
  /** Whether the first handshake says so already. */
  readonly saysUploadOnlyAtOnce?: boolean;
  /** A message of BEP 9. */
  onMetadataMessage(connection: Connection, message: MetadataMessage, nowMs: number): void;
  /** The peer lost a piece (BEP 54). */
  onDontHave?(connection: Connection, piece: number): void;
}
