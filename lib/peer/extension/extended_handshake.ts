/**
 * What two peers tell each other in extended handshakes (BEP 10).
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

/** The message ids under which we receive extension messages. */
export const OurExtension = { metadata: 1, dontHave: 2, exchange: 3 } as const;

const OUR_EXTENSIONS: ReadonlyMap<string, number> = new Map([
  [METADATA_EXTENSION, OurExtension.metadata],
  [DONT_HAVE_EXTENSION, OurExtension.dontHave],
  [PEX_EXTENSION, OurExtension.exchange],
]);

/** What we say of ourselves on every connection. */
export interface Ourselves {
  /** Client name and version. */
  readonly client: string;
  readonly listenPort: number;
}

/**
 * The payload of our extended handshake to this peer.
 *
 * @param exchange whether PEX is on; `off` withdraws an earlier offer
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

/** The payload of an extended handshake that carries only our upload-only state (BEP 21). */
export function ourUploadOnly(uploadOnly: boolean): Uint8Array {
  return encodeExtendedHandshake({ ids: new Map(), uploadOnly });
}

/**
 * Records what the peer says of itself. Returns its listen port and the address at which it sees us.
 *
 * @throws {ProtocolError} when the payload is no dictionary
 */
export function takeExtendedHandshake(
  { peer, extension }: Connection,
  payload: Uint8Array,
): Pick<ExtendedHandshake, "port" | "yourIp"> {
  const said = decodeExtendedHandshake(payload);
  for (const name of OUR_EXTENSIONS.keys()) { // a peer may name any number of others
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

/** Receives extended messages: first the metadata fetch, then the transfer. */
export interface ExtensionTarget {
  /** Length of the info dictionary in bytes, once known. */
  readonly metadataSize?: number;
  /** Set while we super-seed (BEP 16). */
  readonly superSeed?: { readonly isHiding: boolean } | undefined;
  /** Whether we are upload-only (BEP 21), once known. */
  readonly isUploadOnly?: boolean;
  /** Whether the first extended handshake already says so. */
  readonly saysUploadOnlyAtOnce?: boolean;
  /** Handles a ut_metadata message (BEP 9). */
  onMetadataMessage(connection: Connection, message: MetadataMessage, nowMs: number): void;
  /** The peer lost a piece (BEP 54). */
  onDontHave?(connection: Connection, piece: number): void;
}
