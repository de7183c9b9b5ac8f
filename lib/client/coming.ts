/**
 * Tells the local network which names will be here soon, so that whoever asks too early can wait.
 *
 * @module
 */

import { basename, resolve } from "@std/path";
import { isLoopback } from "../codec/address.ts";
import type { OfferHandle } from "../discovery/local/offer.ts";
import type { TorrentOptions } from "../session/options.ts";
import type { ClientResources } from "./client_resources.ts";
import type { CreateOptions } from "./create/create_torrent.ts";

/** Options that say who may know. */
type Publicity =
  & Pick<TorrentOptions, "localDiscovery" | "host">
  & Pick<CreateOptions, "private">;

/**
 * Tells those who ask for one of these names, in normal form C, that it is coming; `undefined` when the local
 * network may not know. The caller ends it.
 */
export function offerComing(
  resources: ClientResources,
  includes: (name: string) => boolean,
  { localDiscovery, host, private: isPrivate }: Publicity,
): OfferHandle | undefined {
  if (localDiscovery === false || isPrivate || isLoopback(host ?? "")) return undefined;
  return resources.offerSoon(includes);
}

/** As {@link offerComing}, for what is at `path`, while it is being hashed. */
export function offerComingPath(
  resources: ClientResources,
  path: string,
  options: Publicity & Pick<CreateOptions, "name">,
): OfferHandle | undefined {
  const name = (options.name ?? basename(resolve(path))).normalize("NFC");
  return offerComing(resources, (asked) => asked === name, options);
}
