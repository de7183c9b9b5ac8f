/**
 * What the connections of a host cost us beside file data, and how much of that it may have.
 *
 * The unit is about what the smallest message costs: a few ten-millionths of a second. Who has used up
 * its share is not read from until it has some again, and is not hung up on: it may be a laboratory of a
 * hundred machines behind one address.
 *
 * @module
 */

import type { Message } from "../codec/wire/message.ts";
import { HostQuotas } from "../peer/peers/host_quota.ts";

/** Units that each host gets a second: less than a tenth of a processor. */
const UNITS_PER_SECOND = 200_000;
/** Units that it may save up. */
const MAX_UNITS = 400_000;
/** An extended message has a dictionary to read. */
const EXTENDED_UNITS = 10;
/** So many bytes of messages that we send it are a unit: they are copied, and hashes gathered for them. */
const BYTES_PER_UNIT = 64;
/** What each read of file data counts, however short. */
const UNITS_PER_READ = 16;

/** The shares of all hosts that this program is connected to. */
export const hostQuotas: HostQuotas = new HostQuotas(MAX_UNITS, UNITS_PER_SECOND);

/** Units for a message that arrived. File data is free: we asked for it. */
export function costOfReceived(message: Message): number {
  if (message.type === "piece") return 0;
  if (message.type !== "extended") return 1;
  return EXTENDED_UNITS + message.payload.length / BYTES_PER_UNIT;
}

/** Units for messages that were made for a host, and for reads of file data. */
export function costOfSent(sentBytes: number, reads: number): number {
  return sentBytes / BYTES_PER_UNIT + reads * UNITS_PER_READ;
}
