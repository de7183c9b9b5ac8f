/**
 * rTorrent without its terminal, driven through its XML-RPC on a Unix socket.
 *
 * It reads BitTorrent v1 and takes a hybrid for v1. The padding of a folder's hybrid is to it files like
 * any other: it writes them, into the folder `.pad`, and wants them there to seed. A .torrent that names
 * no tracker it does not take.
 * @module
 */

import { Buffer } from "node:buffer";
import { freePort, Program } from "../../../support/process.ts";
import { TempFolder } from "../../../support/temp.ts";

const POLL_MS = 100;
const READY_MS = 15_000;

/** What the calls take and give here. */
type Value = string | number;

const ENCRYPTED_ONLY = ["allow_incoming", "try_outgoing", "require", "require_RC4"];

export interface RTorrentOptions {
  /** The address to be at; 127.0.0.1 by default. */
  host?: string;
  /** Takes part in no connection that is not encrypted from end to end. */
  requiresEncryption?: boolean;
}

/** A running rTorrent with an empty session. */
export class RTorrent implements AsyncDisposable {
  readonly program: Program;
  /** `host:port` where it accepts connections. */
  readonly address: string;

  readonly #session: TempFolder;
  readonly #socket: string;

  private constructor(program: Program, session: TempFolder, socket: string, address: string) {
    this.program = program;
    this.#session = session;
    this.#socket = socket;
    this.address = address;
  }

  /** Starts it at `host`; its content is in `folder`, or is to go there. Returns once it answers. */
  static async start(
    folder: string,
    { host = "127.0.0.1", requiresEncryption = false }: RTorrentOptions = {},
  ): Promise<RTorrent> {
    const session = await TempFolder.create();
    const socket = session.join("rpc.sock");
    const port = freePort();
    const settings = {
      "system.daemon.set": "true",
      "session.path.set": session.path,
      "directory.default.set": folder,
      "network.scgi.open_local": socket,
      "network.bind_address.set": host,
      "network.port_range.set": `${port}-${port}`,
      "network.port_random.set": "no",
      "dht.mode.set": "disable",
      "protocol.pex.set": "no",
    };
    const words = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    const program = Program.start("rtorrent", ["-n", ...words]);
    const rtorrent = new RTorrent(program, session, socket, `${host}:${port}`);
    try {
      await rtorrent.#until("it answers", () => rtorrent.call("system.pid"), READY_MS);
      if (requiresEncryption) await rtorrent.call("protocol.encryption.set", "", ...ENCRYPTED_ONLY);
      return rtorrent;
    } catch (error) {
      await rtorrent[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Adds a .torrent (a path) or a magnet link and starts it, checking what is there already. */
  async add(what: string): Promise<void> {
    await this.call("load.start_verbose", "", what);
  }

  /** Info-hashes, in hex, of what it has been given and could read. */
  async torrents(): Promise<string[]> {
    const hashes = await this.call("download_list", "");
    return hashes.map((hash) => `${hash}`.toLowerCase());
  }

  /** Returns once its torrents are complete and verified. */
  async finished(timeoutMs = 60_000): Promise<void> {
    const isDone = async () => {
      const fields = ["d.is_meta=", "d.complete=", "d.hashing="];
      const states = await this.call("d.multicall2", "", "main", ...fields);
      const done = [0, 1, 0]; // of each torrent
      return states.length > 0 && states.every((value, i) => value === done[i % done.length]);
    };
    await this.#until("it is done", isDone, timeoutMs);
  }

  /** Calls a method of its XML-RPC; the values in the answer, in their order. */
  async call(method: string, ...params: Value[]): Promise<Value[]> {
    const body = Buffer.from(requestOf(method, params));
    const headers = `CONTENT_LENGTH\0${body.length}\0SCGI\x001\0`;
    using connection = await Deno.connect({ transport: "unix", path: this.#socket });
    const request = Buffer.concat([Buffer.from(`${headers.length}:${headers},`), body]);
    for (let sent = 0; sent < request.length;) {
      sent += await connection.write(request.subarray(sent));
    }
    const parts: Uint8Array[] = [];
    const part = new Uint8Array(65_536);
    for (let n = await connection.read(part); n !== null; n = await connection.read(part)) {
      parts.push(part.slice(0, n));
    }
    return valuesOf(method, Buffer.concat(parts).toString());
  }

  async #until(what: string, holds: () => Promise<unknown>, timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    let last: unknown;
    while (performance.now() < end) {
      try {
        if (await holds()) return;
        last = undefined;
      } catch (error) { // its socket is not there yet, or it is busy
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const why = last instanceof Error ? `: ${last.message}` : "";
    throw new Error(
      `rTorrent: not before ${timeoutMs} ms ${what}${why}\n${this.program.transcript()}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await this.#session[Symbol.asyncDispose]();
  }
}

function requestOf(method: string, params: Value[]): string {
  const values = params.map((param) => {
    const text = `${param}`.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    const type = typeof param === "string" ? "string" : "i8";
    return `<param><value><${type}>${text}</${type}></value></param>`;
  });
  return `<?xml version="1.0"?><methodCall><methodName>${method}</methodName>` +
    `<params>${values.join("")}</params></methodCall>`;
}

function valuesOf(method: string, answer: string): Value[] {
  const values = [...answer.matchAll(/<(string|i4|i8|int)>([^<]*)<\/\1>/g)].map(([, type, text]) =>
    type === "string" ? text! : Number(text)
  );
  if (answer.includes("<fault>")) throw new Error(`rTorrent: ${method}: ${values.join(" ")}`);
  return values;
}
