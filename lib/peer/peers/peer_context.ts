/**
 * What the parts of a swarm share that manage peers and connections.
 *
 * @module
 */

import type { SwarmContext } from "../connection/context.ts";
import type { ExternalAddress } from "./external_address.ts";
import type { PeerList } from "./peer_list.ts";

/** The swarm context, with its peers and our own addresses. */
export interface PeerContext extends SwarmContext {
  /** All known peers. */
  readonly peers: PeerList;
  /** Our own addresses, as we and as others see them. */
  readonly ownAddresses: ExternalAddress;
}
