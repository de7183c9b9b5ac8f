/**
 * Tells which client a peer runs, from its peer id (BEP 20).
 *
 * @module
 */

/** Clients by the two letters of their peer ids. */
const PROGRAMS: Readonly<Record<string, string>> = {
  A2: "aria2",
  AZ: "Vuze",
  DE: "Deluge",
  LT: "libtorrent",
  SO: "Shoal",
  TR: "Transmission",
  UT: "µTorrent",
  WW: "WebTorrent",
  lt: "rTorrent",
  qB: "qBittorrent",
};

/** `-qB4630-` is `qBittorrent 4.6.3`; `undefined` for other formats. */
export function clientName(agent: string): string | undefined {
  const azureus = /^-([A-Za-z]{2})([0-9A-Za-z]{4})-$/.exec(agent);
  if (azureus !== null) {
    const version = [...azureus[2]!].map((digit) => parseInt(digit, 36)).join(".");
    return `${PROGRAMS[azureus[1]!] ?? azureus[1]} ${version.replace(/\.0$/, "")}`;
  }
  const aria2 = /^A2-(\d+)-(\d+)-/.exec(agent);
  return aria2 === null ? undefined : `aria2 ${aria2[1]}.${aria2[2]}`;
}
