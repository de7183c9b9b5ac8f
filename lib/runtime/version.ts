/**
 * Shoal's name, version and peer id on the wire.
 *
 * @module
 */

import project from "../../deno.json" with { type: "json" };
import { utf8 } from "../codec/bytes.ts";

/** The version of this program. */
export const VERSION: string = project.version;

/** Name and version, as other clients show it. */
export const PROGRAM: string = `Shoal ${VERSION}`;

/** A peer id for one run (BEP 20): `-SO`, four digits of the version, `-`, twelve random bytes. */
export function makePeerId(): Uint8Array {
  const digits = VERSION.replaceAll(".", "").padEnd(4, "0").slice(0, 4);
  const peerId = crypto.getRandomValues(new Uint8Array(20));
  peerId.set(utf8(`-SO${digits}-`));
  return peerId;
}
