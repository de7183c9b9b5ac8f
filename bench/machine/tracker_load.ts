/**
 * Announces very many peers to a UDP tracker, as fast as it answers.
 *
 * @module
 */

import { pseudoRandomBytes } from "../../support/content.ts";
import { BatchSocket, DatagramBatch } from "./datagram_batch.ts";

const CONNECT_LENGTH = 16;
const ANNOUNCE_LENGTH = 98;
const HASH_LENGTH = 20;
const ANSWER_ROOM = 2048;
const ANSWER_HEADER_LENGTH = 20;
const PROTOCOL_ID = 0x41727101980n;
const [CONNECT, ANNOUNCE] = [0, 1];
const EVENT_STARTED = 2;

/** Peers requested per announce, and the bytes of each in the answer. */
const NUM_WANT = 50;
const PEER_LENGTH = 6;
/** Every tenth peer is a seeder. */
const SEEDER_EVERY = 10;
/** Peers use 127.1.0.0 and the addresses after it. */
const FIRST_ADDRESS = 0x7f010000;
const FIRST_PORT = 1024;
const SEED = 15;

/** Outstanding requests: few enough for the receive buffer that Linux gives a tracker's socket. */
const OUTSTANDING = 192;
/** A pause while no answer comes, so that the tracker does not have to wake this side for each answer. */
const PAUSE_MICROSECONDS = 50;
/** A pause for the answers to connect requests. */
const CONNECT_MICROSECONDS = 20_000;
/** How soon after its start a tracker has to answer. */
const START_MS = 10_000;
/** After this long without an answer, the outstanding requests count as lost. */
const LOST_AFTER_MS = 500;
/** Consecutive announces come from peers far apart: the golden ratio, as a share of all peers. */
const TURN = 0.6180339887;

/** The peers: each is one address and port in one swarm. */
export interface Crowd {
  peers: number;
  swarms: number;
  /** Number of source addresses, with the same number of peers each. */
  addresses: number;
}

/** The outcome of some announces. */
export interface LoadResult {
  answers: number;
  /** Answers that were no peer list. */
  refused: number;
  /** Peers in all answers together. */
  peers: number;
  lost: number;
  seconds: number;
}

/** Info-hashes of this many swarms, always the same, because a tracker may need them in advance. */
export function infoHashesOf(swarms: number): Uint8Array<ArrayBuffer> {
  return pseudoRandomBytes(HASH_LENGTH * swarms, SEED);
}

/** The peers of a crowd, with a tracker on 127.0.0.1. Must be closed. */
export class TrackerLoad implements Disposable {
  readonly #socket = new BatchSocket();
  readonly #requests = new DatagramBatch(OUTSTANDING, ANNOUNCE_LENGTH);
  readonly #answers = new DatagramBatch(OUTSTANDING, ANSWER_ROOM);
  readonly #crowd: Crowd;
  readonly #infoHashes: Uint8Array;
  readonly #connectionIds: BigUint64Array;
  readonly #turn: number;
  #peer = 0;

  constructor(port: number, crowd: Crowd) {
    this.#crowd = crowd;
    this.#requests.sendTo(port);
    this.#infoHashes = infoHashesOf(crowd.swarms);
    this.#connectionIds = new BigUint64Array(crowd.addresses);
    this.#turn = coprimeNear(crowd.peers * TURN, crowd.peers);
  }

  /** Gets a connection id for each address, from a tracker that may just be starting. */
  connect(): void {
    for (let i = 0; i < OUTSTANDING; i++) this.#requests.setLength(i, CONNECT_LENGTH);
    const endMs = performance.now() + START_MS;
    for (let address = 0; address < this.#connectionIds.length;) {
      if (performance.now() > endMs) throw new Error("the tracker does not answer");
      const count = Math.min(OUTSTANDING, this.#connectionIds.length - address);
      for (let i = 0; i < count; i++) this.#writeConnect(i, address + i);
      this.#socket.send(this.#requests, count);
      this.#socket.pause(CONNECT_MICROSECONDS);
      this.#noteConnectionIds();
      while (this.#connectionIds[address]) address++;
    }
    for (let i = 0; i < OUTSTANDING; i++) this.#requests.setLength(i, ANNOUNCE_LENGTH);
  }

  /**
   * Announces `count` peers, each once if there are enough, else starting over from the first. Blocks its
   * thread meanwhile.
   */
  announce(count: number): LoadResult {
    const result: LoadResult = { answers: 0, refused: 0, peers: 0, lost: 0, seconds: 0 };
    const startMs = performance.now();
    let heardMs = startMs;
    let left = count;
    let underWay = 0;
    while (left > 0 || underWay > 0) {
      const more = Math.min(left, OUTSTANDING - underWay);
      this.#ask(more);
      left -= more;
      underWay += more;
      const answers = this.#socket.receive(this.#answers);
      underWay -= answers;
      this.#count(answers, result);
      if (answers > 0) {
        heardMs = performance.now();
      } else if (performance.now() - heardMs < LOST_AFTER_MS) {
        this.#socket.pause(PAUSE_MICROSECONDS);
      } else {
        result.lost += underWay;
        underWay = 0;
      }
    }
    result.seconds = (performance.now() - startMs) / 1000;
    return result;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #ask(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#writeAnnounce(i, this.#peer);
      this.#peer = (this.#peer + this.#turn) % this.#crowd.peers;
    }
    this.#socket.send(this.#requests, count);
  }

  #writeConnect(i: number, address: number): void {
    const { view } = this.#requests;
    const at = i * ANNOUNCE_LENGTH;
    view.setBigUint64(at, PROTOCOL_ID);
    view.setUint32(at + 8, CONNECT);
    view.setUint32(at + 12, address);
    this.#requests.setSource(i, FIRST_ADDRESS + address);
  }

  #writeAnnounce(i: number, peer: number): void {
    const { view, bytes } = this.#requests;
    const { addresses, swarms } = this.#crowd;
    const address = peer % addresses;
    const at = i * ANNOUNCE_LENGTH;
    this.#requests.setSource(i, FIRST_ADDRESS + address);
    view.setBigUint64(at, this.#connectionIds[address]!);
    view.setUint32(at + 8, ANNOUNCE);
    view.setUint32(at + 12, peer);
    const hashAt = HASH_LENGTH * (Math.floor(peer / addresses) % swarms);
    for (let k = 0; k < HASH_LENGTH; k++) bytes[at + 16 + k] = this.#infoHashes[hashAt + k]!;
    view.setUint32(at + 52, peer); // the end of the peer id
    view.setUint32(at + 68, peer % SEEDER_EVERY === 0 ? 0 : 1_000_000); // the low half of `left`
    view.setUint32(at + 80, EVENT_STARTED);
    view.setInt32(at + 92, NUM_WANT);
    view.setUint16(at + 96, FIRST_PORT + Math.floor(peer / addresses));
  }

  #count(count: number, result: LoadResult): void {
    for (let i = 0; i < count; i++) {
      result.answers++;
      const peers = (this.#answers.lengthOf(i) - ANSWER_HEADER_LENGTH) / PEER_LENGTH;
      if (this.#answers.view.getUint32(i * ANSWER_ROOM) === ANNOUNCE) result.peers += peers;
      else result.refused++;
    }
  }

  #noteConnectionIds(): void {
    const { view } = this.#answers;
    const count = this.#socket.receive(this.#answers);
    for (let i = 0; i < count; i++) {
      const at = i * ANSWER_ROOM;
      this.#connectionIds[view.getUint32(at + 4)] = view.getBigUint64(at + 8);
    }
  }
}

/**
 * The first whole number from `near` on that is coprime to `modulus`, so that its multiples reach every
 * index.
 */
function coprimeNear(near: number, modulus: number): number {
  const divisor = (a: number, b: number): number => b === 0 ? a : divisor(b, a % b);
  let number = Math.floor(near);
  while (divisor(number, modulus) !== 1) number++;
  return number;
}
