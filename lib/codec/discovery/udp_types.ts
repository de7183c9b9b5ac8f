/**
 * The types of the packets between a tracker and its clients: BEP 15, and Shoal's `find`, `reach` and `who`.
 *
 * @module
 */

/** The action field. `find`, `reach` and `who` are Shoal's own, far from the numbers others use. */
export const Action = {
  connect: 0,
  announce: 1,
  scrape: 2,
  error: 3,
  find: 0x53480001,
  reach: 0x53480002,
  who: 0x53480003,
} as const;

/** Every request starts with connection id, action and transaction id. */
export const REQUEST_HEADER_LENGTH = 16;

/** Every answer starts with action and transaction id. */
export const RESPONSE_HEADER_LENGTH = 8;

/** Offsets of an announce request's fields (BEP 15); the options of BEP 41 follow them. */
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

/** Before an answer's peers: action, transaction id, interval, leechers, seeders. */
export const ANNOUNCE_HEADER_LENGTH = 20;

/** Announce events in the order of their numbers in BEP 15, which differs from HTTP. */
export const ANNOUNCE_EVENTS = ["none", "completed", "started", "stopped", "paused"] as const;

/** Why a peer announces. `paused` is a partial seed (BEP 21). */
export type AnnounceEvent = typeof ANNOUNCE_EVENTS[number];

/** Whether a tracker could connect to a peer, in the order of the wire values. */
export const REACH_ANSWERS = ["unknown", "reachable", "unreachable"] as const;

/** Whether a tracker could connect to a peer. */
export type Reach = typeof REACH_ANSWERS[number];

/**
 * What a tracker says about a machine that has a torrent, or should have it.
 *
 * `slow` makes little progress, `silent` has missed its announce. `lost` has left before it had all it wants,
 * `left` afterwards. `missing` is on the tracker's list of expected machines and was never seen.
 */
export type MachineState =
  | "complete"
  | "downloading"
  | "slow"
  | "silent"
  | "lost"
  | "left"
  | "missing";

/** The states of a machine in the order of the wire values. */
export const MACHINE_STATES: readonly MachineState[] = [
  "complete",
  "downloading",
  "slow",
  "silent",
  "lost",
  "left",
  "missing",
];

/** The address family of an answer: that of the packet itself. */
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
  /** Bytes downloaded in this run. */
  downloadedBytes: number;
  /** 0 for a seeder. Above 2^53 (some send 2^64-1 for "unknown") the low digits are lost. */
  leftBytes: number;
  /** Bytes uploaded in this run. */
  uploadedBytes: number;
  /** Why it announces. */
  event: AnnounceEvent;
  /** A random number the client keeps for the run. */
  key: number;
  /** How many peers it wants; negative leaves it to the tracker. */
  numWant: number;
  /** The TCP port it listens on. */
  port: number;
  /** The URLData of BEP 41, one character a byte; `""` when there is none. */
  urlData: string;
}

/** Asks for the sizes of swarms (a scrape). */
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

/** Asks for the catalogue of everything hosted, starting with the entry at index `offset`. */
export interface ListRequest {
  type: "list";
  /** 8 bytes, from the tracker. */
  connectionId: Uint8Array;
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** Index of the first entry wanted. */
  offset: number;
}

/** Asks whether the tracker can connect to this port at the packet's source address. */
export interface ReachRequest {
  type: "reach";
  /** 8 bytes, from the tracker. */
  connectionId: Uint8Array;
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** TCP, not 0. */
  port: number;
}

/** Asks which machines have a torrent, starting with the one at index `offset`. */
export interface WhoRequest {
  type: "who";
  /** 8 bytes, from the tracker. */
  connectionId: Uint8Array;
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** 20 bytes; a v2 hash is truncated. */
  infoHash: Uint8Array;
  /** Index of the first machine wanted. */
  offset: number;
}

/** Everything a client sends. */
export type TrackerRequest =
  | ConnectRequest
  | AnnounceRequest
  | ScrapeRequest
  | FindRequest
  | ListRequest
  | ReachRequest
  | WhoRequest;

/** Gives out the requested connection id. */
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
  /** Peers with the whole torrent. */
  seeders: number;
  /** Compact peers, 6 bytes each over IPv4, 18 over IPv6. */
  peers: Uint8Array;
}

/** The size of one swarm. */
export interface SwarmCounts {
  /** Peers with the whole torrent. */
  seeders: number;
  /** How many downloads were completed. */
  completed: number;
  /** Peers that are still downloading. */
  leechers: number;
}

/** The sizes of the requested swarms, in the order of the request. */
export interface ScrapeResponse {
  type: "scrape";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** In the order of the request. */
  swarms: SwarmCounts[];
}

/** The tracker refuses. */
export interface ErrorResponse {
  type: "error";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** Untrusted text: remove control characters before showing it in a terminal. */
  message: string;
}

/** One torrent that peers claim to host under a name. */
export interface FoundEntry {
  /** 20 bytes, for v1 and hybrid torrents. */
  v1Hash?: Uint8Array;
  /** 32 bytes, for v2 and hybrid torrents. */
  v2Hash?: Uint8Array;
  /** Bytes of content, as claimed. */
  length: number;
  /** Seeders of the client's address family. */
  seeders: number;
  /** Peers that are still downloading. */
  leechers: number;
  /** Untrusted text: remove control characters before showing it in a terminal. */
  name: string;
}

/** The matching entries that fit into one packet. */
export interface FindResponse {
  type: "find";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** All matches, including those that did not fit. */
  total: number;
  /** The entries that fit. */
  entries: FoundEntry[];
  /** Set if there are no entries and the tracker has just started: seconds until it knows every peer. */
  settlesInSeconds?: number;
}

/** Whether the tracker could connect to the client. */
export interface ReachResponse {
  type: "reach";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  reach: Reach;
}

/** A machine that has a torrent, gets it, had it, or should have it. */
export interface WhoEntry {
  /** How it stands. */
  state: MachineState;
  /** The name it gives itself, or the name on the list of expected machines. Untrusted text. */
  label?: string;
  /** Its IP address; absent if the tracker knows its name only. */
  host?: string;
  /** Its TCP port; 0 if it was never seen. */
  port: number;
  /** The fraction it has of what it wants, 0 to 1, in steps of 1/10,000; absent when unknown. */
  progress?: number;
  /** Seconds since it joined or, if it has left, since then. */
  sinceSeconds: number;
  /** The rate at which it last received data; absent when unknown. At most 2^32 - 1. */
  rateBytesPerSecond?: number;
  /** How long it will still take at that rate; absent when unknown. */
  etaSeconds?: number;
  /** It had everything when it was first seen, so it is no recipient. */
  isSource?: true;
  /** It wants some of the files only. */
  isPartial?: true;
  /** The tracker could not connect to it. */
  isUnreachable?: true;
  /** It is not on the tracker's list of expected machines, and there is one. */
  isUnlisted?: true;
}

/** The machines of a torrent that fit into one packet, and the counts of all. */
export interface WhoResponse {
  type: "who";
  /** Chosen by the client, repeated by the tracker. */
  transactionId: number;
  /** All machines, including those that did not fit. */
  total: number;
  /** How many recipients have everything, or had it before they left. */
  complete: number;
  /** How many machines should have it: those on the list of expected ones, else all but the sources. */
  recipients: number;
  /** How many machines are on the tracker's list of expected ones; 0 without a list. */
  expected: number;
  /** The machines that fit. */
  machines: WhoEntry[];
}

/** Everything a tracker sends. */
export type TrackerResponse =
  | ConnectResponse
  | AnnounceResponse
  | ScrapeResponse
  | ErrorResponse
  | FindResponse
  | ReachResponse
  | WhoResponse;
