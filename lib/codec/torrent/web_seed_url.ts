/**
 * The URLs of a torrent's files on web servers (BEP 19).
 *
 * @module
 */

import { isIp } from "../address.ts";
import { AddressScope, reachOf } from "../address_scope.ts";
import type { TorrentInfo } from "./info.ts";

/** The most web seeds used per torrent: each costs a connection, and a list may have any length. */
export const MAX_WEB_SEEDS = 8;

/** What a file's URL depends on; a parsed info dictionary qualifies. */
export type WebSeedFiles = Pick<TorrentInfo, "name" | "multiFile" | "files">;

/** An http or https URL without user name and password, or `undefined`. */
export function webUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return url !== null && isWebUrl(url) && !hasPassword(url) ? url : undefined;
}

/** Whether a URL is http or https. */
export function isWebUrl(url: URL): boolean {
  return url.protocol === "http:" || url.protocol === "https:";
}

/** Whether a URL contains a user name or password. */
function hasPassword(url: URL): boolean {
  return url.username !== "" || url.password !== "";
}

/** The URL for display, without user name and password. Text that is no URL stays as it is. */
export function withoutPassword(text: string): string {
  const url = URL.parse(text);
  if (url === null || !hasPassword(url)) return text;
  url.username = "";
  url.password = "";
  return url.href;
}

/**
 * The untrusted web seeds that are refused because they contain a user name or password, in display form.
 */
export function guardedWebSeeds(urls: readonly string[]): string[] {
  const guarded = urls.filter((text) => {
    const url = URL.parse(text);
    return url !== null && isWebUrl(url) && hasPassword(url);
  });
  return [...new Set(guarded.slice(0, MAX_WEB_SEEDS).map(withoutPassword))];
}

/**
 * The untrusted web seeds to use, each once: at most {@link MAX_WEB_SEEDS}, and none with which a torrent
 * could make its readers send commands to devices in their own network.
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
 * The URL of one file. For a folder, or if the web seed's URL ends in a slash, the file's percent-encoded
 * path below that URL; else the web seed's URL itself.
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

/** Whether a URL's host, as written, is this machine or in a private network. */
export function isLocalHost(hostname: string): boolean {
  if (isLocalhost(hostname)) return true;
  const ip = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIp(ip) && reachOf(ip) !== AddressScope.world;
}

/** Whether a URL's host is this machine, written as `localhost` or below it (RFC 6761). */
export function isLocalhost(hostname: string): boolean {
  return /^(.*\.)?localhost\.?$/i.test(hostname);
}
