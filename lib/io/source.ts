/**
 * From what the user names to what the swarm needs: hashes, trackers, peers, metadata if it is at hand.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { type HostPort, isIp } from "../codec/address.ts";
import { fromHex } from "../codec/bytes.ts";
import { parseMagnet } from "../codec/magnet.ts";
import { parseTrackerUrl } from "../codec/tracker_url.ts";
import { usableWebSeeds } from "../codec/web_seed_url.ts";
import { MAX_METAINFO_LENGTH, type Metainfo, parseMetainfo } from "../codec/metainfo.ts";
import {
  DiskError,
  ExitCode,
  MagnetError,
  NetworkError,
  OptionError,
  ShoalError,
  TorrentError,
} from "../errors.ts";
import { withoutRepeats } from "./announcer.ts";
import { diskError } from "./disk_error.ts";
import type { CatalogueEntry } from "./find.ts";
import { findPatiently } from "./find_patiently.ts";
import { assumedTracker } from "./link_addresses.ts";
import { unpermitted } from "./permitted.ts";
import { peerOf, webSeedOf } from "./torrent.ts";
import { resolveHost } from "./tracker_addresses.ts";

/** What is known of a torrent before anybody is asked. */
export interface Source {
  readonly v1Hash?: Uint8Array;
  readonly v2Hash?: Uint8Array;
  /** URLs in tiers (BEP 12): every tier is announced to, at one of its trackers. */
  readonly trackers: readonly (readonly string[])[];
  /** Nobody named its tracker: it is the one on this machine, if there is one. */
  readonly assumesTracker?: boolean;
  readonly peers: readonly HostPort[];
  /** URLs of web servers that have the files; {@link resolveSource} leaves only what can be asked. */
  readonly webSeeds: readonly string[];
  /** Which files a magnet link asks for (BEP 53): indexes into the list of files, with pads. */
  readonly selectOnly?: readonly number[];
  /** Absent when it has to come from peers. */
  readonly metainfo?: Metainfo;
  /** A claim, for display. */
  readonly name?: string;
}

/** What may help to find it. */
export interface SourceOptions {
  readonly trackers?: readonly string[];
  /** `host:port`. */
  readonly peers?: readonly string[];
  /** URLs of web servers that have the files, besides those the torrent names. */
  readonly webSeeds?: readonly string[];
  readonly signal?: AbortSignal;
  /** A tracker is asked for this name now. */
  readonly onLookup?: (name: string) => void;
  /** It is not known, and a tracker that was just started will be asked again. */
  readonly onWarning?: (message: string) => void;
}

const FETCH_TIMEOUT_MS = 30_000;
const RESOLVE_TIMEOUT_MS = 10_000;

/**
 * Reads a magnet link, a .torrent file or URL, an info-hash, or a name that a tracker knows.
 *
 * @throws {MagnetError} for a malformed link or info-hash
 * @throws {TorrentError} for a malformed torrent
 * @throws {OptionError} when a tracker, a peer or a web seed that was named is none
 * @throws {NetworkError} when a URL, a name or the host of a named peer leads nowhere
 * @throws {DiskError} when a torrent file cannot be read
 */
export async function resolveSource(what: string, options: SourceOptions): Promise<Source> {
  const named = (options.peers ?? []).map(peerOf);
  const ownWebSeeds = (options.webSeeds ?? []).map(webSeedOf);
  options.trackers?.forEach(parseTrackerUrl);
  const source = await sourceOf(what, options);
  const peers = [
    ...await addressesOf(named, (host, error) => {
      const why = unpermitted(error) ?? "check its name";
      throw new NetworkError(`the host of the peer ${host} cannot be found: ${why}`);
    }),
    ...await addressesOf(source.peers, () => {}),
  ];
  // Each tracker that was named is wanted for itself; a torrent's own tiers stay as they are.
  const trackers = withoutRepeats([
    ...(options.trackers ?? []).map((url) => [url]),
    ...source.trackers,
  ]);
  const webSeeds = [...new Set([...ownWebSeeds, ...usableWebSeeds(source.webSeeds)])];
  const private_ = source.metainfo?.info.private ?? false;
  const isServed = peers.length > 0 || (source.metainfo !== undefined && webSeeds.length > 0);
  if (trackers.length > 0 || isServed || private_) return { ...source, peers, trackers, webSeeds };
  return { ...source, peers, trackers: [[assumedTracker()]], assumesTracker: true, webSeeds };
}

/** Peers by their IP addresses; those whose host has none are left out, after `unknown` heard of it. */
async function addressesOf(
  peers: readonly HostPort[],
  unknown: (host: string, error: unknown) => void,
): Promise<HostPort[]> {
  const found = await Promise.all(peers.map(async ({ host, port }) => {
    if (isIp(host)) return [{ host, port }];
    let fault: unknown = new Error("it has no address");
    const addresses = await deadline(resolveHost(host), RESOLVE_TIMEOUT_MS).catch((error) => {
      fault = error;
      return [];
    });
    if (addresses.length === 0) unknown(host, fault);
    return addresses.map((address) => ({ host: address, port }));
  }));
  return found.flat();
}

async function sourceOf(what: string, options: SourceOptions): Promise<Source> {
  if (/^magnet:/i.test(what)) {
    const magnet = parseMagnet(what);
    return { ...magnet, trackers: magnet.trackers.map((url) => [url]) };
  }
  if (/^https?:\/\//i.test(what)) {
    return ofMetainfo(parseMetainfo(await fetchTorrent(what, options)));
  }
  const hash = hashOf(what);
  if (hash !== undefined) return { ...hash, trackers: [], peers: [], webSeeds: [] };
  if (/\.torrent$/i.test(what)) {
    const bytes = await readTorrent(what);
    if (bytes !== undefined) return ofMetainfo(parseMetainfo(bytes));
  }
  return await lookUp(what, options);
}

function ofMetainfo(metainfo: Metainfo): Source {
  const { v1Hash, v2Hash, name } = metainfo.info;
  return {
    ...(v1Hash && { v1Hash }),
    ...(v2Hash && { v2Hash }),
    trackers: metainfo.trackers,
    peers: [],
    webSeeds: metainfo.webSeeds,
    metainfo,
    name,
  };
}

/** An info-hash in hex, or `undefined` when `text` is none. @throws {MagnetError} when it is nearly one */
function hashOf(text: string): { v1Hash: Uint8Array } | { v2Hash: Uint8Array } | undefined {
  if (!/^[0-9a-f]{32,}$/i.test(text)) return undefined;
  if (text.length === 40) return { v1Hash: fromHex(text.toLowerCase()) };
  if (text.length === 64) return { v2Hash: fromHex(text.toLowerCase()) };
  throw new MagnetError(
    `an info-hash has 40 hex digits (v1) or 64 (v2), and this has ${text.length}: copy it anew`,
  );
}

/** The bytes of a torrent file; `undefined` when there is none and it may be a name instead. */
async function readTorrent(path: string): Promise<Uint8Array | undefined> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_METAINFO_LENGTH) {
      throw new TorrentError(`${path} is too large for a torrent file: is it the file itself?`);
    }
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    if (!(error instanceof Deno.errors.NotFound)) throw diskError(error, path);
    if (!/[/\\]/.test(path)) return undefined;
    throw new DiskError(`${path} does not exist: check the path`, ExitCode.notFound, error);
  }
}

async function fetchTorrent(url: string, { signal }: SourceOptions): Promise<Uint8Array> {
  const timeout = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(url, {
      signal: AbortSignal.any([timeout, ...(signal ? [signal] : [])]),
    });
  } catch (error) {
    signal?.throwIfAborted();
    const why = unpermitted(error) ?? "check the address";
    throw new NetworkError(`${url} cannot be reached: ${why}`, ExitCode.network, error);
  }
  if (!response.ok) {
    await response.body?.cancel();
    const code = response.status === 404 ? ExitCode.notFound : ExitCode.network;
    throw new NetworkError(`${url} answers ${response.status} ${response.statusText}`, code);
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MAX_METAINFO_LENGTH) {
      throw new TorrentError(`${url} is too large for a torrent file: is it the file itself?`);
    }
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

async function lookUp(name: string, options: SourceOptions): Promise<Source> {
  if (/[/\\]/.test(name)) {
    throw new OptionError(
      `"${name}" is neither a link nor a .torrent file; a file is looked up by its name alone, ` +
        "and -o says where it goes",
    );
  }
  const trackers = options.trackers?.length ? options.trackers : [assumedTracker()];
  const { signal } = options;
  options.onLookup?.(name);
  const entries = await findPatiently(name, trackers, {
    ...(signal && { signal }),
    ...(options.onWarning && { onWaiting: options.onWarning }),
  });
  if (entries.length > 1) throw ambiguous(name, entries);
  const [entry] = entries;
  return {
    ...(entry!.v1Hash !== undefined && { v1Hash: fromHex(entry!.v1Hash) }),
    ...(entry!.v2Hash !== undefined && { v2Hash: fromHex(entry!.v2Hash) }),
    trackers: options.trackers?.length ? [] : [[assumedTracker()]], // those that were named are known
    peers: [],
    webSeeds: [],
    name,
  };
}

/** Names are claims: which of several files under one name is meant, only the user can tell. */
function ambiguous(name: string, entries: readonly CatalogueEntry[]): NetworkError {
  const lines = entries.map(({ v1Hash, v2Hash, length, seeders }) =>
    `${v1Hash ?? v2Hash}  ${length} bytes, ${seeders} seeding`
  );
  return new NetworkError(
    `${entries.length} different files are called ${name}; ` +
      `run the command again with the info-hash of the one you mean:\n${lines.join("\n")}`,
    ExitCode.notFound,
  );
}
