/**
 * What a swarm starts from, and the two phases of its life.
 *
 * @module
 */

import type { MetadataFetch } from "./metadata_fetch.ts";
import type { Transfer } from "./transfer.ts";

/** Who we are and what we may spend. */
export interface SwarmOptions {
  /** 20 bytes. */
  readonly peerId: Uint8Array;
  /** What we call ourselves (BEP 10 `v`). */
  readonly client: string;
  /** Where we accept connections. */
  readonly listenPort: number;
  /** The one IP address at which we do; absent when it is all of this machine. */
  readonly listenHost?: string | undefined;
  /** SHA-1 of the info dictionary, 20 bytes, if there is one. */
  readonly v1Hash?: Uint8Array | undefined;
  /** SHA-256 of the info dictionary, 32 bytes, if there is one. */
  readonly v2Hash?: Uint8Array | undefined;
  readonly maxConnections: number;
  /** Peers served at once. */
  readonly uploadSlots: number;
  /** Bytes per second that may arrive; absent: any number. */
  readonly downloadLimit?: number | undefined;
  /** A number from 0 up to 1, evenly distributed. */
  readonly random: () => number;
}

/** The two phases of a swarm's life. */
export type Phase =
  | { readonly name: "metadata"; readonly fetch: MetadataFetch }
  | { readonly name: "transfer"; readonly transfer: Transfer };
