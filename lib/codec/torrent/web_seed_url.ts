/**
 * Where a web server has the files of a torrent (BEP 19).
 *
 * @module
 */

import { isIp } from "../address.ts";
import { AddressScope, reachOf } from "../address_scope.ts";
import type { TorrentInfo } from "./info.ts";

/** So many web seeds of a torrent are used: each costs a connection, and a list may be any length. */
export const MAX_WEB_SEEDS = 8;

/** What the URL of a file depends on; a parsed info dictionary is one. */
export type WebSeedFiles = Pick<TorrentInfo, "name" | "multiFile" | "files">;

/** An http or https URL without a name and a password in it, or `undefined`. */
export function webUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url !== null && isWebUrl(url) && !hasPassword(url) ? url : undefined;
}

/** Whether a web server is at a URL. */
export function isWebUrl(url: URL): boolean {
  return url.protocol === "http:" || url.protocol === "https:";
}

/** Whether a URL has a name or a password in it. */
function hasPassword(url: URL): boolean {
  return url.username !== "" || url.password !== "";
}

/** A URL as it may be shown: without a name and a password. What is no URL stays as it is. */
export function withoutPassword(text: string): string {
  const url = URL.parse(text);
  if (url === null || !hasPassword(url)) return text;
  url.username = "";
  url.password = "";
  return url.href;
}

/**
 * Those of a stranger's web seeds that are not asked because of a name and a password in them, as they may
 * be shown.
 */
export function guardedWebSeeds(urls: readonly string[]): string[] {
  const guarded = urls.filter((text) => {
    const url = URL.parse(text);
    return url !== null && isWebUrl(url) && hasPassword(url);
  });
  return [...new Set(guarded.slice(0, MAX_WEB_SEEDS).map(withoutPassword))];
}

/**
 * Those of a stranger's web seeds that are asked, each once: at most {@link MAX_WEB_SEEDS}, and none
 * with which a torrent could make its readers give orders to devices in their own network.
 */
export function usableWebSeeds(urls: readonly string[]): string[] {
  const usable = new Set<string>();
  for (const text of urls) {
    const url = webUrl(text);
    if (url === undefined || (isLocalHost(url.hostname) && url.search !== "")) continue;
    if (usable.size < MAX_WEB_SEEDS) usable.add(url.href);
  }
  return [...usable];
}

/**
 * The URL of one file: of a folder, and where the web seed's URL ends in a slash, its path below that
 * URL, each name percent-encoded; else the web seed's URL itself.
 *
 * @param file index into `info.files`
 */
export function webSeedFileUrl(webSeed: string, info: WebSeedFiles, file: number): string {
  const url = new URL(webSeed);
  if (!info.multiFile && !url.pathname.endsWith("/")) return url.href;
  const { path } = info.files[file]!;
  const names = info.multiFile ? [info.name, ...path] : path;
  const folder = url.pathname.endsWith("/") ? url.pathname : `${url.pathname}/`;
  url.pathname = folder + names.map((name) => encodeURIComponent(name.toWellFormed())).join("/");
  return url.href;
}

/** Whether a URL's host is, by its spelling, this machine or one of a private network. */
export function isLocalHost(hostname: string): boolean {
  if (isLocalhost(hostname)) return true;
  const ip = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIp(ip) && reachOf(ip) !== AddressScope.world;
}

/** Whether a URL's host is this machine, spelled as `localhost` or below it (RFC 6761). */
export function isLocalhost(hostname: string): boolean {
  return /^(.*\.)?localhost\.?$/i.test(hostname);
}
