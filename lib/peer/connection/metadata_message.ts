/**
 * Sends the messages of the metadata extension (BEP 9).
 *
 * @module
 */

import {
  encodeMetadataMessage,
  METADATA_EXTENSION,
  type MetadataMessage,
} from "../../codec/wire/extension.ts";
import type { Emit } from "./actions.ts";
import type { Connection } from "./connection.ts";

/** Sends a ut_metadata message with the message id the peer chose. */
export function sendMetadata(
  emit: Emit,
  connection: Connection,
  message: Exclude<MetadataMessage, { type: "unknown" }>,
): void {
  const id = connection.extension.ids.get(METADATA_EXTENSION);
  if (id === undefined || id === 0) return;
  const payload = encodeMetadataMessage(message);
  emit({ type: "send", connection, message: { type: "extended", id, payload } });
}
