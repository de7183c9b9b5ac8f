/**
 * A program that lets foreign clients download a torrent, each into a folder of its own. They are alone with
 * a seeder, and it tells when each has everything; or they come to our leecher, which has got some pieces
 * by then, and it tells what they and the leecher gave to each other. It takes a {@linkcode MembersPlan}
 * as JSON and prints "ready" when the seeder may come.
 * @module
 */

import { assert } from "@std/assert";
import { TempFolder } from "../../../support/temp.ts";
import { FOREIGN_CLIENTS } from "./foreign_clients.ts";
import { leechFrom } from "./library.ts";

const PATIENCE_MS = 60_000;
/** Our leecher has so many pieces when the foreign clients come: rTorrent asks for nothing later on. */
const HEAD_START_PIECES = 16;

/** Who is to download what, and where. */
export interface MembersPlan {
  /** Name of the foreign client. */
  readonly client: string;
  /** The address that all share. */
  readonly host: string;
  /** Path of the .torrent. */
  readonly torrent: string;
  /** A folder for each of the foreign clients. */
  readonly theirs: readonly string[];
  /** A folder for our leecher, if it is to take part. */
  readonly ours?: string;
}

/** What our leecher and the foreign clients gave to each other, in bytes. */
export interface Exchanged {
  readonly fromForeign: number;
  readonly toForeign: number;
}

if (import.meta.main) {
  const { host, torrent, theirs, ours, ...plan } = JSON.parse(Deno.args[0]!) as MembersPlan;
  const client = FOREIGN_CLIENTS.find(({ name }) => name === plan.client);
  assert(client !== undefined, `there is no ${plan.client}`);
  await using members = new AsyncDisposableStack();
  const temp = members.use(await TempFolder.create());
  const join = async (folder: string) =>
    members.use(await client.leech(torrent, { folder, temp, host }));
  if (ours === undefined) {
    const peers = await Promise.all(theirs.map(join));
    console.log("ready");
    await Promise.all(peers.map(async (peer) => {
      await peer.finished(PATIENCE_MS);
      console.log("finished");
    }));
  } else {
    const leeching = members.use(await leechFrom(torrent, { out: ours, host }));
    console.log("ready");
    await leeching.log.until("piece", () => true, HEAD_START_PIECES);
    const peers = await Promise.all(theirs.map(join));
    await Promise.all([
      leeching.complete(PATIENCE_MS),
      ...peers.map((peer) => peer.finished(PATIENCE_MS)),
    ]);
    const { sources, uploadedBytes: toForeign } = leeching.leecher.stats(); // a seeder takes nothing
    const foreign = sources.filter(({ client }) => !client?.startsWith("Shoal"));
    const fromForeign = foreign.reduce((sum, { bytes }) => sum + bytes, 0);
    console.log(JSON.stringify({ fromForeign, toForeign } satisfies Exchanged));
  }
}
