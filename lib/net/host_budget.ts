/**
 * Limits the work that the connections of each host cause beside file data.
 *
 * One unit is about the cost of the smallest message: a few ten-millionths of a second. A host that has used
 * up its share is not read from until it has units again. It is not disconnected, because it may be a lab of
 * a hundred machines behind one address.
 *
 * @module
 */

import type { Message } from "../codec/wire/message.ts";
import { HostQuotas } from "../peer/peers/host_quota.ts";

/** Units that each host gets per second: less than a tenth of a processor. */
const UNITS_PER_SECOND = 200_000;
/** Maximum number of units a host can save up. */
const MAX_UNITS = 400_000;
/** An extended message contains a dictionary to parse. */
const EXTENDED_UNITS = 10;
/** Bytes of outgoing messages per unit: they are copied, and hashes are collected for them. */
const BYTES_PER_UNIT = 64;
/** Cost of each read of file data, however short. */
const UNITS_PER_READ = 16;

/** The quotas of all hosts this program is connected to. */
export const hostQuotas: HostQuotas = new HostQuotas(MAX_UNITS, UNITS_PER_SECOND);

/** Units for a received message. File data is free, because we asked for it. */
export function costOfReceived(message: Message): number {
  if (message.type === "piece") return 0;
  if (message.type !== "extended") return 1;
  return EXTENDED_UNITS + message.payload.length / BYTES_PER_UNIT;
}

/** Units for messages produced for a host and for reads of file data. */
export function costOfSent(sentBytes: number, reads: number): number {
  return sentBytes / BYTES_PER_UNIT + reads * UNITS_PER_READ;
}
