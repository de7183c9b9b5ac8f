/**
 * Resolves what the user names into what the swarm needs: hashes, trackers, peers, and metadata if
 * available.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { fromFileUrl } from "@std/path";
import { type HostPort, isIp } from "../codec/address.ts";
import { AddressScope, type SourceScope } from "../codec/address_scope.ts";
import { parseTrackerUrl } from "../codec/discovery/tracker_url.ts";
import { infoHashIn, magnetIn, webLinkIn } from "../codec/torrent/link_text.ts";
import { parseMagnet } from "../codec/torrent/magnet.ts";
import { MAX_METAINFO_LENGTH, type Metainfo, parseMetainfo } from "../codec/torrent/metainfo.ts";
import { guardedWebSeeds, usableWebSeeds, withoutPassword } from "../codec/torrent/web_seed_url.ts";
import { assumedTracker } from "../discovery/advertised_address.ts";
import { withoutRepeats } from "../discovery/announcer.ts";
import { diskError } from "../disk/disk_error.ts";
import type { WarningCode } from "../error_codes.ts";
import {
  DiskError,
  ExitCode,
  NetworkError,
  OptionError,
  ShoalError,
  TorrentError,
} from "../errors.ts";
import type { WebSeedUrl } from "../net/web_seed/web_seed_dialer.ts";
import { describeDenial } from "../runtime/permissions.ts";
import { resolveHost } from "../runtime/resolve_host.ts";
import type { Session } from "../session/session.ts";
import { peerOf, webSeedOf } from "../store/torrent.ts";
import { lookUpName, type LookUpOptions } from "./look_up.ts";
import { fetchTorrent } from "./torrent_url.ts";

/** What is known of a torrent before any peer is contacted. */
export interface Source {
  readonly v1Hash?: Uint8Array;
  readonly v2Hash?: Uint8Array;
  /** URLs in tiers (BEP 12): every tier is announced to, at one of its trackers. */
  readonly trackers: readonly (readonly string[])[];
  /** The user named no tracker: it is the one on this machine, if there is one. */
  readonly assumesTracker?: boolean;
  readonly peers: readonly HostPort[];
  /** Peers of the local network that say that they have it. */
  readonly localPeers?: readonly HostPort[];
  /** URLs of web servers that have the files; {@link resolveSource} keeps only usable ones. */
  readonly webSeeds: readonly string[];
  /** Those that the user named. */
  readonly ownWebSeeds?: readonly string[];
  /**
   * The scope of the source that wrote the torrent's addresses; it may name addresses of at most this
   * scope. A torrent on this disk, or pasted by the user, has the nearest scope, which is the default.
   */
  readonly scope?: SourceScope;
  /** The files a magnet link selects (BEP 53): indexes into the list of files, with pads. */
  readonly selectOnly?: readonly number[];
  /** Absent when it has to come from peers. */
  readonly metainfo?: Metainfo;
  /** A claim, for display. */
  readonly name?: string;
}

/** Options for finding a torrent. */
interface SourceOptions extends LookUpOptions {
  /** `host:port`. */
  readonly peers?: readonly string[];
  /** URLs of web servers that have the files, besides those in the torrent. */
  readonly webSeeds?: readonly string[];
  /** Called with a sentence when a part of the torrent will not be used, or its name is not known yet. */
  readonly onWarning?: (message: string, code?: WarningCode) => void;
}

/** The web servers of a source, and who named each. */
export function webSeedUrls(
  { webSeeds, ownWebSeeds = [], scope = AddressScope.machine }: Source,
): WebSeedUrl[] {
  return webSeeds.map((url) => ({ url, from: ownWebSeeds.includes(url) ? "user" : scope }));
}

/** Tells a session of the peers that answered on the local network. */
export function addLocalPeers(session: Session, { v1Hash, localPeers = [] }: Source): void {
  session.addPeers(localPeers, "local", v1Hash === undefined);
}

const RESOLVE_TIMEOUT_MS = 10_000;

/**
 * Reads a magnet link, a .torrent file or URL, an info-hash, or a name that a tracker or the local network
 * knows. Metainfo is taken as it is.
 *
 * @throws {MagnetError} for a malformed link or info-hash
 * @throws {TorrentError} for a malformed torrent
 * @throws {OptionError} when a named tracker, peer or web seed is invalid
 * @throws {NetworkError} when a URL, a name or the host of a named peer cannot be resolved
 * @throws {DiskError} when a torrent file cannot be read
 */
export async function resolveSource(
  what: string | Metainfo,
  options: SourceOptions,
): Promise<Source> {
  const named = (options.peers ?? []).map(peerOf);
  const ownWebSeeds = (options.webSeeds ?? []).map(webSeedOf);
  options.trackers?.forEach(parseTrackerUrl);
  const source = typeof what === "string" ? await sourceOf(what, options) : ofMetainfo(what);
  const peers = [
    ...await addressesOf(named, (host, error) => {
      const why = describeDenial(error) ?? "check its name";
      throw new NetworkError(`the host of the peer ${host} cannot be found: ${why}`);
    }),
    ...await addressesOf(source.peers, () => {}),
  ];
  // Each tracker the user named is used on its own; a torrent's own tiers stay as they are.
  const trackers = withoutRepeats([
    ...(options.trackers ?? []).map((url) => [url]),
    ...askableTrackers(source, options),
  ]);
  const webSeeds = [...new Set([...ownWebSeeds, ...usableWebSeeds(source.webSeeds)])];
  for (const url of guardedWebSeeds(source.webSeeds)) {
    options.onWarning?.(
      `the web seed ${url} is not asked: it has a name and a password in it, which Shoal does not send`,
    );
  }
  const private_ = source.metainfo?.info.private ?? false;
  const isServed = peers.length > 0 || (source.metainfo !== undefined && webSeeds.length > 0);
  const resolved = { ...source, peers, trackers, webSeeds, ownWebSeeds };
  if (trackers.length > 0 || isServed || private_) return resolved;
  return { ...resolved, trackers: [[assumedTracker()]], assumesTracker: true };
}

/** The torrent's own trackers that we support. Warns that there are others only if the user named none. */
function askableTrackers({ trackers }: Source, options: SourceOptions): string[][] {
  const askable = trackers
    .map((tier) => tier.filter((url) => !/^(?:https?|wss?):/i.test(url)))
    .filter((tier) => tier.length > 0);
  const [other] = trackers.flat();
  const isLost = other !== undefined && askable.length === 0;
  if (isLost && !options.trackers?.length && !options.peers?.length) {
    options.onWarning?.(
      `the torrent's trackers (${
        withoutPassword(other)
      }) speak HTTP, and Shoal asks UDP trackers only`,
      "http-trackers-only",
    );
  }
  return askable;
}

/** Peers by their IP addresses. Leaves out those whose host has none, after calling `unknown`. */
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
  const magnet = magnetIn(what);
  if (magnet !== undefined) return ofMagnet(magnet);
  const url = webLinkIn(what);
  if (url !== undefined) {
    const fetched = await fetchTorrent(url, options.signal);
    if ("magnet" in fetched) return ofMagnet(fetched.magnet);
    return ofMetainfo(parseMetainfo(fetched.torrent), fetched.from);
  }
  const hash = infoHashIn(what);
  if (hash !== undefined) return { ...hash, ...NOBODY };
  const path = pathOf(what);
  const isTorrent = path !== what || /\.torrent\s*$/i.test(path);
  const bytes = isTorrent || /[/\\]/.test(path) ? await readTorrent(path, isTorrent) : undefined;
  if (bytes !== undefined) return ofMetainfo(parseMetainfo(bytes));
  return isTorrent ? await lookUpTorrentName(path, options) : await lookUp(what, options);
}

/** No known source. */
const NOBODY = { trackers: [], peers: [], webSeeds: [] } as const;

function ofMagnet(link: string): Source {
  const magnet = parseMagnet(link);
  return { ...NOBODY, ...magnet, trackers: magnet.trackers.map((url) => [url]) };
}

/** The path the user means; for a file URL, the URL's path. */
function pathOf(what: string): string {
  const url = /^\s*file:\/\//i.test(what) ? URL.parse(what.trim()) : null;
  if (url === null) return what;
  try {
    return fromFileUrl(url);
  } catch (error) {
    throw new OptionError(`"${what}" is not the URL of a file on this machine`, { cause: error });
  }
}

function ofMetainfo(metainfo: Metainfo, scope?: SourceScope): Source {
  const { v1Hash, v2Hash, name } = metainfo.info;
  return {
    ...(v1Hash && { v1Hash }),
    ...(v2Hash && { v2Hash }),
    trackers: metainfo.trackers,
    peers: [],
    webSeeds: metainfo.webSeeds,
    ...(scope !== undefined && { scope }),
    metainfo,
    name,
  };
}

/** The bytes of a torrent file; `undefined` when it does not exist and may be a name instead. */
async function readTorrent(path: string, isTorrent: boolean): Promise<Uint8Array | undefined> {
  try {
    const { size, isDirectory } = await Deno.stat(path);
    if (isDirectory) throw new TorrentError(`${path} is a folder, not a torrent file`);
    if (size > MAX_METAINFO_LENGTH) {
      throw new TorrentError(`${path} is too large for a torrent file: is it the file itself?`);
    }
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    if (!(error instanceof Deno.errors.NotFound)) throw diskError(error, path);
    if (!isTorrent || !/[/\\]/.test(path)) return undefined;
    throw new DiskError(`${path} does not exist: check the path`, {
      exitCode: ExitCode.notFound,
      cause: error,
    });
  }
}

/** A torrent file that does not exist here may be the name of a shared one, if the user names a tracker. */
async function lookUpTorrentName(name: string, options: SourceOptions): Promise<Source> {
  if (!options.trackers?.length) {
    throw new DiskError(`there is no file ${name} here: check its name`, {
      exitCode: ExitCode.notFound,
    });
  }
  try {
    return await lookUp(name, options);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const sentence = `there is no file ${name} here, and as a name: ${error.message}`;
    throw new NetworkError(sentence, { exitCode: error.exitCode, cause: error, code: error.code });
  }
}

async function lookUp(text: string, options: SourceOptions): Promise<Source> {
  const name = text.trim() === "" ? text : text.replace(/^[\r\n]+|[\r\n]+$/g, "");
  if (/[/\\]/.test(name)) {
    throw new OptionError(
      `"${name}" is neither a link nor a .torrent file; a file is looked up by its name alone`,
      { code: "not-a-source" },
    );
  }
  return { ...NOBODY, ...await lookUpName(name, options) };
}
