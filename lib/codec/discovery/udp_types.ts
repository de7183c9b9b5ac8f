/**
 * The packets between a tracker and its clients, as values: BEP 15, and Shoal's `find` and `reach`.
 *
 * @module
 */

/** The action field. `find` and `reach` are Shoal's own, far from the numbers others hand out. */
export const Action = {
  connect: 0,
  announce: 1,
  scrape: 2,
  error: 3,
  find: 0x53480001,
  reach: 0x53480002,
} as const;

/** Connection id, action, transaction id: what every request starts with. */
export const REQUEST_HEADER_LENGTH = 16;

/** Action, transaction id: what every answer starts with. */
export const RESPONSE_HEADER_LENGTH = 8;

/** Where in an announce request its fields begin (BEP 15); after these come the options of BEP 41. */
export const AnnounceAt = {
  infoHash: 16,
  peerId: 36,
  downloadedBytes: 56,
  leftBytes: 64,
  uploadedBytes: 72,
  event: 80,
  key: 88,
  numWant: 92,
  port: 96,
  options: 98,
} as const;

/** Action, transaction id, interval, leechers, seeders: what comes before the peers of an answer. */
export const ANNOUNCE_HEADER_LENGTH = 20;

/** Announce events in the order of their numbers on the wire, which is not that of HTTP. */
export const ANNOUNCE_EVENTS = ["none", "completed", "started", "stopped", "paused"] as const;

/** Why a peer announces. `paused` is a partial seed (BEP 21). */
export type AnnounceEvent = typeof ANNOUNCE_EVENTS[number];

/** Whether a tracker could connect to a peer, in the order of the numbers on the wire. */
export const REACH_ANSWERS = ["unknown", "reachable", "unreachable"] as const;

/** Whether a tracker could connect to a peer. */
export type Reach = typeof REACH_ANSWERS[number];

/** The family of the addresses in an answer: that of the packet's own address. */
export type AddressFamily = 4 | 6;

/** Asks for a connection id. */
export interface ConnectRequest {
  type: "connect";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
}

/** Tells the tracker about a peer and asks it for others. */
export interface AnnounceRequest {
  type: "announce";
  /** 8 bytes. */
  connectionId: Uint8Array;
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** 20 bytes; a v2 hash is truncated. */
  infoHash: Uint8Array;
  /** 20 bytes. */
  peerId: Uint8Array;
  /** Received in this run. */
  downloadedBytes: number;
  /** 0 for a seeder. Above 2^53 (some send 2^64-1 for "unknown") the low digits are lost. */
  leftBytes: number;
  /** Sent in this run. */
  uploadedBytes: number;
  /** Why it announces. */
  event: AnnounceEvent;
  /** A random number the client keeps. */
  key: number;
  /** How many peers it wants; negative leaves it to the tracker. */
  numWant: number;
  /** The TCP port it listens on. */
  port: number;
  /** The URLData of BEP 41, one character a byte; `""` when there is none. */
  urlData: string;
}

/** Asks for the sizes of swarms. */
export interface ScrapeRequest {
  type: "scrape";
  /** 8 bytes, from the tracker. */
  connectionId: Uint8Array;
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** 20 bytes each. */
  infoHashes: readonly Uint8Array[];
}

/** Asks what is hosted under a name. */
export interface FindRequest {
  type: "find";
  /** 8 bytes, from the tracker. */
  connectionId: Uint8Array;
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** Not empty. */
  name: string;
}

/** Asks for the catalogue of everything hosted, from the entry with index `offset` on. */
export interface ListRequest {
  type: "list";
  /** 8 bytes, from the tracker. */
  connectionId: Uint8Array;
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** Index of the first entry wanted. */
  offset: number;
}

/** Asks whether the tracker could connect to this port at the address the packet comes from. */
export interface ReachRequest {
  type: "reach";
  /** 8 bytes, from the tracker. */
  connectionId: Uint8Array;
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** TCP, not 0. */
  port: number;
}

/** Everything a client sends. */
export type TrackerRequest =
  | ConnectRequest
  | AnnounceRequest
  | ScrapeRequest
  | FindRequest
  | ListRequest
  | ReachRequest;

/** The connection id asked for. */
export interface ConnectResponse {
  type: "connect";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** 8 bytes. */
  connectionId: Uint8Array;
}

/** A swarm's size and some of its peers. */
export interface AnnounceResponse {
  type: "announce";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** When to announce again. */
  intervalSeconds: number;
  /** Peers that are still downloading. */
  leechers: number;
  /** Peers with all of it. */
  seeders: number;
  /** Compact peers, 6 bytes each over IPv4, 18 over IPv6. */
  peers: Uint8Array;
}

/** The size of one swarm. */
export interface SwarmCounts {
  /** Peers with all of it. */
  seeders: number;
  /** How many downloads were completed. */
  completed: number;
  /** Peers that are still downloading. */
  leechers: number;
}

/** The sizes of the swarms asked for, in the order of the question. */
export interface ScrapeResponse {
  type: "scrape";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** In the order of the question. */
  swarms: SwarmCounts[];
}

/** The tracker refuses. */
export interface ErrorResponse {
  type: "error";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** A stranger's text: show it only after removing what a terminal would obey. */
  message: string;
}

/** One torrent that peers claim to host under a name. */
export interface FoundEntry {
  /** 20 bytes, for v1 and hybrid torrents. */
  v1Hash?: Uint8Array;
  /** 32 bytes, for v2 and hybrid torrents. */
  v2Hash?: Uint8Array;
  /** The real bytes, as claimed. */
  length: number;
  /** Peers of the asker's address family that have all of it. */
  seeders: number;
  /** Peers that are still downloading. */
  leechers: number;
  /** A stranger's text: show it only after removing what a terminal would obey. */
  name: string;
}

/** The entries that fit into one packet, of all that match. */
export interface FindResponse {
  type: "find";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** All matches, also those that did not fit. */
  total: number;
  /** Those that fit. */
  entries: FoundEntry[];
  /** Without entries: so many seconds later a tracker that was just started knows everybody. */
  settlesInSeconds?: number;
}

/** Whether the tracker could connect to the asker. */
export interface ReachResponse {
  type: "reach";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  reach: Reach;
}

/** Everything a tracker sends. */
export type TrackerResponse =
  | ConnectResponse
  | AnnounceResponse
  | ScrapeResponse
  | ErrorResponse
  | FindResponse
  | ReachResponse;
