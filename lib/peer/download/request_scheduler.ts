/**
 * How many blocks to ask a peer for now, and the asking.
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

/** Keeps the pipelines of requests filled. */
export class RequestScheduler {
  readonly #ready: ReadyQueue;
  readonly #picker: PiecePicker;
  readonly #requests: RequestTable;
  readonly #quota: RequestQuota;
  readonly #endGame: EndGame;

  /** Asks for what the picker chooses, as far as the quota goes. */
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

  /** Asks for as many blocks as the connection shall owe us. */
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

  /** Asks for blocks that nobody was asked for. */
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

  /** Asks for blocks that others owe us, when it is time for that. */
  #double(connection: Connection, wanted: number, nowMs: number): void {
    if (!this.#endGame.isOn(nowMs)) return;
    const picks = this.#picker.endGame(connection).slice(0, wanted);
    for (const { active, block } of picks) this.#requests.ask(connection, active, block, nowMs);
  }
}

/**
 * So long after the last piece was begun, what is still owed is late: peers are asked for what they
 * deliver in a quarter of a second. To ask others before that would waste their upload.
 */
const END_GAME_DELAY_MS = 500;

/** Watches how long it is that no piece is left to begin. */
export class EndGame {
  readonly #unbegun: RarestFirst;
  /** When the last piece was begun; `undefined` while one is not. */
  #allBegunMs: number | undefined;

  /** @param unbegun the wanted pieces that nobody has begun */
  constructor(unbegun: RarestFirst) {
    this.#unbegun = unbegun;
  }

  /** Whether blocks may be asked for that others owe. */
  isOn(nowMs: number): boolean {
    if (this.#unbegun.size > 0) this.#allBegunMs = undefined;
    else this.#allBegunMs ??= nowMs;
    return this.#allBegunMs !== undefined && nowMs - this.#allBegunMs >= END_GAME_DELAY_MS;
  }
}
