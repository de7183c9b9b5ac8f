/**
 * The cost of choosing a block, by the number of pieces and of peers. It includes receiving the piece and
 * starting the next.
 *
 *     deno bench -A bench/micro/picker_bench.ts
 *
 * @module
 */

import { BLOCK_LENGTH } from "../../lib/codec/torrent/merkle.ts";
import { Connection } from "../../lib/peer/connection/connection.ts";
import { newPeer } from "../../lib/peer/connection/peer.ts";
import { PiecePicker } from "../../lib/peer/download/piece_picker.ts";
import { UrgentPieces } from "../../lib/peer/download/urgent_pieces.ts";
import { RarestFirst } from "../../lib/peer/download/rarest_first.ts";
import { Bitfield } from "../../lib/store/bitfield.ts";
import { Layout, type PieceIndex } from "../../lib/store/layout.ts";
import { Pieces } from "../../lib/store/pieces.ts";
import { seededRandom } from "../../support/random.ts";

const BLOCKS = 100;
const BLOCKS_PER_PIECE = 32;
const SLOTS = 24; // 12 MiB

/** Peers, each with a random half of the pieces, and the picker that serves them. */
class Choice {
  readonly pieces: Pieces;
  readonly #picker: PiecePicker;
  readonly #connections: Connection[];
  #turn = 0;

  constructor(pieceCount: number, peers: number) {
    const random = seededRandom(1);
    const pieceLength = BLOCKS_PER_PIECE * BLOCK_LENGTH;
    const files = [{ length: pieceCount * pieceLength, pad: false }];
    const layout = new Layout({ pieceLength, version: "v1", files });
    const rarity = new RarestFirst(pieceCount, random);
    for (const piece of layout.pieces()) rarity.add(piece);
    this.pieces = new Pieces(layout, new Bitfield(pieceCount), SLOTS);
    this.#connections = Array.from({ length: peers }, (_, id) => connectionTo(id));
    for (const connection of this.#connections) {
      connection.pieces.have = new Bitfield(pieceCount);
      for (const piece of layout.pieces()) {
        if (random() < 0.5 && connection.pieces.have.set(piece)) rarity.increment(piece);
      }
      connection.pieces.wantedCount = connection.pieces.have.count;
    }
    const available = { rarity, fewWanted: () => undefined };
    const checks = { canVerify: () => true, suspect: new Set<PieceIndex>() };
    this.#picker = new PiecePicker(
      { pieces: this.pieces },
      available,
      checks,
      new UrgentPieces(),
      () => {},
    );
  }

  /** Requests a block from the next peer in turn, and receives it. */
  fetch(): void {
    const connection = this.#connections[this.#turn++ % this.#connections.length]!;
    const active = this.#picker.next(connection);
    if (active === undefined) return;
    active.receive(active.nextFree(), connection.peer.id);
    if (!active.isFull) return;
    this.pieces.startVerifying(active.piece);
    this.pieces.stored(active.piece as PieceIndex);
  }
}

function connectionTo(id: number): Connection {
  const said = { host: `10.0.${id >> 8}.${id & 255}`, port: 6881, source: "tracker" } as const;
  const peer = newPeer({ id, ...said, dialable: true, v2: false, wantsNothing: false });
  const negotiated = { inbound: false, peerId: "", extensions: false, fast: true, v2: false };
  const connection = new Connection(id, peer, { ...negotiated, upgradable: false }, 0);
  connection.download.peerChoking = false;
  return connection;
}

function bench(group: string, pieceCount: number, peers: number): void {
  let choice: Choice | undefined;
  const name = `${BLOCKS} blocks, ${pieceCount.toLocaleString("en")} pieces, ${peers} peers`;
  Deno.bench(name, { group }, (b) => {
    const isSpent = choice === undefined || choice.pieces.missingCount < pieceCount / 4;
    const current = choice = isSpent ? new Choice(pieceCount, peers) : choice!;
    b.start();
    for (let i = 0; i < BLOCKS; i++) current.fetch();
    b.end();
  });
}

for (const pieceCount of [1000, 10_000, 100_000]) bench("by pieces", pieceCount, 100);
for (const peers of [10, 100, 500]) bench("by peers", 10_000, peers);
