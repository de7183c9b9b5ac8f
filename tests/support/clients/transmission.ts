/**
 * transmission-daemon driven through its RPC.
 *
 * It refuses loopback addresses that a tracker gives it, so it has to be dialled: the seeder learns
 * its address from the tracker. Version 3.00 cannot read a hybrid .torrent: give it a v1 one.
 * @module
 */

import { freePort, Program } from "../../../support/process.ts";
import { TempFolder } from "../../../support/temp.ts";

const SESSION_HEADER = "X-Transmission-Session-Id";
const POLL_MS = 200;

interface TorrentState {
  name: string;
  percentDone: number;
  errorString: string;
  peersConnected: number;
}

/** What Transmission calls its kinds of encryption; the second is its default. */
const REQUIRED = 2;
const PREFERRED = 1;

export interface TransmissionOptions {
  /** The address to be at; 127.0.0.1 by default. */
  host?: string;
  /** Takes part in no connection whose handshake is not encrypted. */
  requiresEncryption?: boolean;
}

/** A running transmission-daemon with an empty, private configuration. */
export class Transmission implements AsyncDisposable {
  readonly program: Program;
  /** `host:port` where it accepts connections. */
  readonly address: string;

  readonly #rpcUrl: string;
  readonly #home: TempFolder;
  #sessionId = "";

  private constructor(program: Program, home: TempFolder, address: string, rpcPort: number) {
    this.program = program;
    this.#home = home;
    this.address = address;
    this.#rpcUrl = `http://127.0.0.1:${rpcPort}/transmission/rpc`;
  }

  /**
   * Starts the daemon at `host`; its content is in `folder`, or is to go there. Returns once its RPC
   * answers.
   */
  static async start(
    folder: string,
    { host = "127.0.0.1", requiresEncryption = false }: TransmissionOptions = {},
  ): Promise<Transmission> {
    const home = await TempFolder.create();
    const [peerPort, rpcPort] = [freePort(), freePort()];
    const ours = settings(folder, host, peerPort, rpcPort);
    const encryption = requiresEncryption ? REQUIRED : PREFERRED;
    await home.file("settings.json", JSON.stringify({ ...ours, encryption }));
    const args = ["--foreground", "--log-debug", "--config-dir", home.path];
    const program = Program.start("transmission-daemon", args);
    const daemon = new Transmission(program, home, `${host}:${peerPort}`, rpcPort);
    try {
      await program.line(/RPC Server Serving RPC|Serving RPC and Web requests/);
      await daemon.#call("session-get", {});
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Adds a .torrent (a path) or a magnet link and starts to download it. */
  async add(what: string): Promise<void> {
    await this.#call("torrent-add", { filename: what, paused: false });
  }

  /**
   * Returns once its torrents are complete and verified.
   * @throws Error when Transmission reports an error, or after `timeoutMs`
   */
  async finished(timeoutMs = 60_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    let states: TorrentState[] = [];
    while (performance.now() < end) {
      const fields = ["name", "percentDone", "errorString", "peersConnected"];
      const answer = await this.#call("torrent-get", { fields });
      states = answer["torrents"] as TorrentState[];
      if (states.length > 0 && states.every(({ percentDone }) => percentDone === 1)) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const last = JSON.stringify(states);
    throw new Error(`Transmission was not done: ${last}\n${this.program.transcript()}`);
  }

  async #call(method: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const response = await fetch(this.#rpcUrl, {
        method: "POST",
        headers: { [SESSION_HEADER]: this.#sessionId, Connection: "close" },
        body: JSON.stringify({ method, arguments: args }),
      });
      const text = await response.text();
      if (response.status === 409) {
        this.#sessionId = response.headers.get(SESSION_HEADER) ?? "";
        continue;
      }
      const answer = JSON.parse(text) as { result: string; arguments: Record<string, unknown> };
      if (answer.result !== "success") throw new Error(`Transmission: ${answer.result}`);
      return answer.arguments;
    }
    throw new Error("Transmission did not accept the session id it had just given out");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await this.#home[Symbol.asyncDispose]();
  }
}

function settings(folder: string, host: string, peerPort: number, rpcPort: number) {
  return {
    "bind-address-ipv4": host,
    "bind-address-ipv6": "::1",
    "dht-enabled": false,
    "download-dir": folder,
    "lpd-enabled": false,
    "peer-port": peerPort,
    "pex-enabled": false,
    "port-forwarding-enabled": false,
    "rpc-authentication-required": false,
    "rpc-bind-address": "127.0.0.1",
    "rpc-port": rpcPort,
    "rpc-whitelist-enabled": false,
    "start-added-torrents": true,
    "utp-enabled": false,
  };
}
