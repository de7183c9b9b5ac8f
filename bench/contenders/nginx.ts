/**
 * Not a swarm: nginx sends the file, curl receives it, tee writes it and openssl hashes it.
 *
 * @module
 */

import { basename, dirname, join } from "@std/path";
import { Program } from "../../support/process.ts";
import { processStats } from "../measure/process_stats.ts";
import { type Contender, firstLine, type Seat } from "./contender.ts";

const READY_POLL_MS = 20;
/** `times` prints the CPU time of the pipe's processes, which have ended by then. */
const FETCH = 'curl -sSf "$1" | tee "$2" | openssl sha256; times; exec sleep infinity';

export const nginx: Contender = {
  name: "nginx",
  advice: "apt-get install nginx-light curl openssl",
  isNoSwarm: true,
  async version() {
    const server = await firstLine(NGINX, "-v");
    const client = await firstLine("curl", "--version");
    const hasher = await firstLine("openssl", "version");
    if (server === undefined || client === undefined || hasher === undefined) return undefined;
    const number = (text: string) => /\d+\.\d+\.\d+/.exec(text)?.[0];
    return `nginx ${number(server)}, curl ${number(client)}, openssl ${number(hasher)}`;
  },
  async seed({ path }, seat) {
    const config = join(seat.scratch, "nginx.conf");
    await Deno.writeTextFile(config, configuration(dirname(path), seat));
    const program = Program.start(NGINX, ["-e", "stderr", "-c", config]);
    try {
      await untilItAnswers(seat);
    } catch (error) {
      const transcript = program.transcript();
      await program[Symbol.asyncDispose]();
      throw new Error(`nginx does not answer\n${transcript}`, { cause: error });
    }
    return {
      figures: () => processStats(program.pid),
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  },
  leech({ path }, { peers, folder, timeoutMs }) {
    const copy = join(folder, basename(path));
    const url = `http://${peers[0]}/${basename(path)}`;
    const program = Program.start("sh", ["-c", FETCH, "sh", url, copy]);
    const line = program.line(/^SHA2?-?256\(stdin\)= /, { from: "stdout", timeoutMs });
    return Promise.resolve({
      finished: line.then(() => copy),
      async figures() {
        const [, ...words] = await program.line(CHILDREN_TIMES, { from: "stdout", nth: 2 });
        const [userMinutes, userSeconds, systemMinutes, systemSeconds] = words.map(Number);
        const minutes = userMinutes! + systemMinutes!;
        const cpuSeconds = minutes * 60 + userSeconds! + systemSeconds!;
        return { cpuSeconds, peakBytes: NaN, residentBytes: NaN, anonymousBytes: NaN };
      },
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    });
  },
};

/** A line of `times`: the first is the shell's, the second that of its children. */
const CHILDREN_TIMES = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/;

/** Debian's path, which is not on the PATH of an ordinary user. */
const NGINX = "/usr/sbin/nginx";

/** One process, no logs, all its files in `scratch`. */
function configuration(root: string, { port, scratch }: Seat): string {
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) =>
    `  ${kind}_temp_path "${scratch}/nginx-${kind}";`
  );
  return `daemon off;
master_process off;
pid "${scratch}/nginx.pid";
error_log stderr;
events { worker_connections 64; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
${folders.join("\n")}
  server { listen 127.0.0.1:${port}; root "${root}"; }
}
`;
}

async function untilItAnswers({ port, timeoutMs }: Seat): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
  }
}
