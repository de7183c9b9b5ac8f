/**
 * Parses the URL of a UDP tracker.
 *
 * @module
 */

import { OptionError } from "../../errors.ts";

/** The parts of `udp://host:port/path?query`. */
export interface TrackerUrl {
  /** The text as given, for display. */
  url: string;
  /** A host name, an IPv4 address, or an IPv6 address without brackets. */
  host: string;
  /** 1…65535. */
  port: number;
  /** Path and query, sent to the tracker per BEP 41; `""` when there is none or only `/`. */
  path: string;
}

/**
 * Parses the URL of a UDP tracker.
 *
 * @throws {OptionError} with one sentence that says what is wrong and what to write instead.
 */
export function parseTrackerUrl(text: string): TrackerUrl {
  const url = text.trim();
  if (/^https?:/i.test(url)) {
    throw new OptionError(`${url} is an HTTP tracker; only udp:// trackers are supported so far`);
  }
  if (!/^udp:\/\//i.test(url)) {
    throw new OptionError(`"${url}" is not a tracker address; write udp://host:6969`);
  }
  if (/^udp:\/\/\[fe[89ab]/i.test(url)) {
    throw new OptionError(
      `the tracker address ${url} is of one link only, which is not supported; use one of IPv4, or an ` +
        "IPv6 address such as fd00::1",
    );
  }
  const parsed = URL.parse(url);
  const host = asciiHost(parsed?.hostname.replace(/^\[(.*)\]$/, "$1") ?? "");
  if (parsed === null || host === "" || !/^[\w.:-]+$/.test(host)) {
    throw new OptionError(`"${url}" is not a tracker address; write udp://host:6969`);
  }
  const port = Number(parsed.port);
  if (parsed.port === "") {
    throw new OptionError(`the tracker address ${url} lacks a port; write udp://host:6969`);
  }
  if (port === 0) throw new OptionError(`the tracker address ${url} has port 0; no tracker can`);
  const path = parsed.pathname === "/" ? "" : parsed.pathname;
  return {
    url,
    host,
    port,
    path: path === "" && parsed.search !== "" ? `/${parsed.search}` : path + parsed.search,
  };
}

/**
 * The ASCII form of an internationalized host name (RFC 5891). `URL` percent-encodes it for schemes other
 * than those of the web.
 */
function asciiHost(host: string): string {
  return host.includes("%") ? URL.parse(`http://${host}`)?.hostname ?? "" : host;
}

/** The port Shoal's trackers listen on by default. */
export const DEFAULT_TRACKER_PORT = 6969;
