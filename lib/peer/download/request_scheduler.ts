/**
 * Decides how many blocks to request from a peer now, and requests them.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { TransferContext } from "../connection/context.ts";
import type { ReadyQueue } from "../connection/ready_queue.ts";
import type { PiecePicker } from "./piece_picker.ts";
import type { RarestFirst } from "./rarest_first.ts";
import type { RequestQuota } from "./request_quota.ts";
import type { RequestTable } from "./request_table.ts";

/** Keeps the request pipelines filled. */
export class RequestScheduler {
  readonly #ready: ReadyQueue;
  readonly #picker: PiecePicker;
  readonly #requests: RequestTable;
  readonly #quota: RequestQuota;
  readonly #endGame: EndGame;

  constructor(
    { ready }: Pick<TransferContext, "ready">,
    picker: PiecePicker,
    requests: RequestTable,
    quota: RequestQuota,
    endGame: EndGame,
  ) {
    this.#ready = ready;
    this.#picker = picker;
    this.#requests = requests;
    this.#quota = quota;
    this.#endGame = endGame;
  }

  /** Requests as many blocks as the connection should owe us. */
  poll(connection: Connection, nowMs: number): void {
    const { download, pieces, extension } = connection;
    const mayAsk = !download.peerChoking || download.allowedFast.size > 0;
    if (!mayAsk || !pieces.amInterested) return;
    const { outstanding, pipeline, meter, snubbed } = download;
    const wanted = snubbed ? 1 : pipeline.depth(meter.rate(nowMs), extension.requestQueue);
    if (outstanding.size >= wanted) return;
    this.#fill(connection, Math.min(wanted, this.#quota.blocks), nowMs);
    if (outstanding.size === 0) this.#double(connection, wanted, nowMs);
    this.#requests.send(connection);
  }

  /** Requests blocks that no peer was asked for. */
  #fill(connection: Connection, depth: number, nowMs: number): void {
    const { outstanding } = connection.download;
    const before = outstanding.size;
    while (outstanding.size < depth) {
      const active = this.#picker.next(connection);
      if (active === undefined) {
        this.#ready.markIdle(connection);
        break;
      }
      this.#requests.ask(connection, active, active.nextFree(), nowMs);
    }
    if (outstanding.size > before) this.#ready.markBusy(connection);
  }

  /** Requests blocks that other peers owe us, once the end game is on. */
  #double(connection: Connection, wanted: number, nowMs: number): void {
    if (!this.#endGame.isOn(nowMs)) return;
    const picks = this.#picker.endGame(connection).slice(0, wanted);
    for (const { active, block } of picks) this.#requests.ask(connection, active, block, nowMs);
  }
}

/**
 * How long after the last piece was begun the blocks still owed count as late: peers are asked for what they
 * deliver in about a quarter of a second. An earlier end game would waste other peers' upload.
 */
const END_GAME_DELAY_MS = 500;

/** Tells when the end game starts. */
export class EndGame {
  readonly #unbegun: RarestFirst;
  /** When the last piece was begun; `undefined` while some piece is not begun. */
  #allBegunMs: number | undefined;

  /** @param unbegun the wanted pieces that are not begun */
  constructor(unbegun: RarestFirst) {
    this.#unbegun = unbegun;
  }

  /** Whether to request blocks that other peers owe. */
  isOn(nowMs: number): boolean {
    if (this.#unbegun.size > 0) this.#allBegunMs = undefined;
    else this.#allBegunMs ??= nowMs;
    return this.#allBegunMs !== undefined && nowMs - this.#allBegunMs >= END_GAME_DELAY_MS;
  }
}
