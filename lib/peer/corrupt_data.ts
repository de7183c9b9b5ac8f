/**
 * The one fault of a peer that costs it more than its connection.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";

/** What a peer alone sent does not match its hash: it lies, or its disk does. It is banned. */
export class CorruptDataError extends ProtocolError {}
