/**
 * Lets the machines of the local network find a tracker, and the names that it lists.
 *
 * @module
 */

import { isIPv6, isLoopback } from "../codec/address.ts";
import { type OfferHandle, offerTracker } from "../discovery/local/offer.ts";
import { isPermitted } from "../runtime/permissions.ts";
import type { TrackerCore } from "./core/tracker_core.ts";

/**
 * Answers questions of the local network until the offer is closed. `undefined` for a tracker that other
 * machines cannot reach, or if the program may not use the network as a whole.
 *
 * @param addr the address that the tracker listens on
 */
export function offerLocally(
  core: TrackerCore,
  { host, port }: { readonly host: string; readonly port: number },
): OfferHandle | undefined {
  if (isLoopback(host) || !isPermitted({ name: "net" })) return undefined;
  return offerTracker({
    port,
    ...(host !== "::" && { host }),
    find: (name, asker) => core.finder.lookUp(name, isIPv6(asker) ? 6 : 4),
  });
}
