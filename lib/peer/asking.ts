/**
 * How many blocks to ask a peer for now, and the asking.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { EndGame } from "./end_game.ts";
import type { FairShare } from "./fair_share.ts";
import type { Hunger } from "./hunger.ts";
import type { Picker } from "./picker.ts";
import type { Requests } from "./requests.ts";

/** Who knows what there is to ask for. */
export interface AskingOptions {
  readonly picker: Picker;
  readonly requests: Requests;
  readonly share: FairShare;
  readonly hunger: Hunger;
  readonly endGame: EndGame;
}

/** Keeps the pipelines of requests filled. */
export class Asking {
  readonly #options: AskingOptions;

  /** Asks for what the picker chooses. */
  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /** Asks for as many blocks as the connection shall owe us. */
  settle(connection: Connection, nowMs: number): void {
    const { requests, share } = this.#options;
    const mayAsk = !connection.peerChoking || connection.allowedFast.size > 0;
    if (!mayAsk || !connection.amInterested) return;
    const { outstanding, pipeline, requestQueue, snubbed } = connection;
    const wanted = snubbed ? 1 : pipeline.depth(connection.down.rate(nowMs), requestQueue);
    if (outstanding.size >= wanted) return;
    this.#fill(connection, Math.min(wanted, share.blocks), nowMs);
    if (outstanding.size === 0) this.#double(connection, wanted, nowMs);
    requests.send(connection);
  }

  /** Asks for blocks that nobody was asked for. */
  #fill(connection: Connection, depth: number, nowMs: number): void {
    const { picker, requests, hunger } = this.#options;
    const { outstanding } = connection;
    const before = outstanding.size;
    while (outstanding.size < depth) {
      const active = picker.next(connection);
      if (active === undefined) {
        hunger.foundNothing(connection);
        break;
      }
      requests.ask(connection, active, active.nextFree(), nowMs);
    }
    if (outstanding.size > before) hunger.found(connection);
  }

  /** Asks for blocks that others owe us, when it is time for that. */
  #double(connection: Connection, wanted: number, nowMs: number): void {
    const { picker, requests, endGame } = this.#options;
    if (!endGame.isOn(nowMs)) return;
    const picks = picker.endGame(connection).slice(0, wanted);
    for (const { active, block } of picks) requests.ask(connection, active, block, nowMs);
  }
}
