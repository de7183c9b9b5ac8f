/**
 * WebTorrent on Node, from npm. It is installed into its own cache folder on first use, so that Shoal
 * itself never depends on it.
 *
 * @module
 */

import { basename, dirname, fromFileUrl, join } from "@std/path";
import { Program } from "../../support/process.ts";
import { processStats } from "../measure/process_stats.ts";
import { type Contender, firstLine, type LeecherSeat, type Seat } from "./contender.ts";

const VERSION = "1.9.7";
const SCRIPT = fromFileUrl(new URL("./webtorrent_peer.mjs", import.meta.url));
const INSTALL_TIMEOUT_MS = 180_000;

export const webtorrent: Contender = {
  name: "WebTorrent",
  advice: `install Node and npm; npm must reach webtorrent@${VERSION}`,
  async version() {
    const node = await firstLine("node", "--version");
    if (node === undefined || !await install()) return undefined;
    return `WebTorrent ${VERSION} on Node ${node.replace("v", "")}`;
  },
  async seed({ path, torrent }, seat) {
    const program = start("seed", await torrent("v1"), dirname(path), { ...seat, peers: [] });
    try {
      await program.line(/^ready$/, { timeoutMs: seat.timeoutMs });
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
    return {
      figures: () => processStats(program.pid),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  },
  async leech({ path, torrent }, seat) {
    const program = start("leech", await torrent("v1"), seat.folder, seat);
    const line = program.line(/^done$/, { timeoutMs: seat.timeoutMs });
    return {
      finished: line.then(() => join(seat.folder, basename(path))),
      figures: () => processStats(program.pid),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  },
};

function start(
  role: "seed" | "leech",
  torrent: string,
  folder: string,
  { port, peers }: Seat & Pick<LeecherSeat, "peers">,
): Program {
  return Program.start("node", [SCRIPT, home(), role, torrent, folder, `${port}`, ...peers]);
}

/** The installation folder. */
function home(): string {
  const caches = Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/tmp", ".cache");
  return join(caches, "shoal-bench", `webtorrent-${VERSION}`);
}

/**
 * Installs it; returns whether that worked. Leaves out its native modules, which need compiling and serve
 * only uTP and WebRTC.
 */
async function install(): Promise<boolean> {
  const installed = async () => {
    try {
      return (await Deno.stat(join(home(), "node_modules/webtorrent/package.json"))).isFile;
    } catch {
      return false;
    }
  };
  if (await installed()) return true;
  console.error(`installing webtorrent@${VERSION} into ${home()}`);
  await Deno.mkdir(home(), { recursive: true });
  const flags = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
  const words = ["install", "--prefix", home(), ...flags, `webtorrent@${VERSION}`];
  try {
    await using npm = Program.start("npm", words);
    if (await npm.exit(INSTALL_TIMEOUT_MS) !== 0) console.error(npm.transcript());
  } catch (error) {
    console.error(`npm: ${error instanceof Error ? error.message : error}`);
  }
  return await installed();
}
