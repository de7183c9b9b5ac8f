/**
 * The link by which other users get what is being downloaded.
 *
 * @module
 */

import { isLoopback } from "../codec/address.ts";
import { parseTrackerUrl } from "../codec/discovery/tracker_url.ts";
import { formatMagnet } from "../codec/torrent/magnet.ts";
import type { Metainfo } from "../codec/torrent/metainfo.ts";
import { reachableAddress } from "../discovery/advertised_address.ts";
import type { Source } from "./torrent_source.ts";

/**
 * A magnet link to what is being downloaded. It contains the trackers that other machines can reach, and
 * the downloader itself unless only trackers may supply peers.
 */
export function linkOf(
  source: Source,
  metainfo: Metainfo | undefined,
  own: { host: string | undefined; port: number },
): string {
  const { v1Hash, v2Hash, name } = metainfo?.info ?? source;
  const length = metainfo?.info.totalLength;
  const ownAddress = reachableAddress(own.host);
  const isReached = (url: string) => isLoopback(ownAddress) || !isLoopback(parseHost(url));
  const mayIntroduce = metainfo !== undefined && !metainfo.info.private;
  return formatMagnet({
    ...(v1Hash && { v1Hash }),
    ...(v2Hash && { v2Hash }),
    ...(name !== undefined && { name }),
    ...(length !== undefined && { length }),
    trackers: source.trackers.flat().filter(isReached),
    webSeeds: [...source.webSeeds],
    peers: mayIntroduce ? [{ host: ownAddress, port: own.port }] : [],
  });
}

/** The host of a tracker's URL; empty if it is invalid. */
function parseHost(url: string): string {
  try {
    return parseTrackerUrl(url).host;
  } catch {
    return "";
  }
}
