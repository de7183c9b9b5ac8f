/**
 * What the parts of a swarm share that decide whom to know and whom to connect to.
 *
 * @module
 */

import type { SwarmContext } from "../connection/context.ts";
import type { ExternalAddress } from "./external_address.ts";
import type { PeerList } from "./peer_list.ts";

/** The context of the swarm, with its peers and our own addresses. */
export interface PeerContext extends SwarmContext {
  /** Every peer that is known. */
  readonly peers: PeerList;
  /** Where we are, and where others see us. */
  readonly ownAddresses: ExternalAddress;
}
