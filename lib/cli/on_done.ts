/**
 * `--on-done`: runs a program of the user's when the work is done. It is started directly, without a shell,
 * and receives the details in environment variables.
 *
 * @module
 */

import { resolve } from "@std/path";
import type { Torrent } from "../../mod.ts";
import { describeDenial, environmentVariable } from "../runtime/permissions.ts";
import type { EventLog } from "./output/event_log.ts";
import type { Screen } from "./terminal/screen.ts";
import { foreign } from "./text/terminal_text.ts";

/** Splits longer lines of its output at about this length, because a line may never end. */
const LONGEST_LINE = 4096;
/** How long it may take to end when the user stops us. */
const GRACE_MS = 3000;
/** How long to wait for its remaining output after it ended. */
const LAST_WORDS_MS = 500;

/** The finished work. */
export interface Done {
  /** The path of the file or folder. */
  readonly path: string;
  readonly torrent: Pick<Torrent, "name" | "v1Hash" | "v2Hash">;
  readonly bytes: number;
  readonly seconds: number;
  readonly sha256?: string;
}

/** Where its outcome is reported. */
interface OnDoneContext {
  readonly screen: Screen;
  readonly events: EventLog;
  /** Aborts when the user stops the waiting program. */
  readonly signal: AbortSignal;
}

/**
 * Runs `command` to its end. A failure is only reported, because the download itself is complete. Its
 * output goes to the screen, since standard output is for results.
 *
 * @param number of the torrent in the events, if there are several
 */
export async function runOnDone(
  command: string,
  done: Done,
  { screen, events, signal }: OnDoneContext,
  number?: number,
): Promise<void> {
  const outcome = await run(command, variables(done), screen, signal);
  const ok = outcome.error === undefined;
  events.tell({ type: "onDone", command, ok, ...outcome }, number);
  const text = `--on-done: ${foreign(command)} ${outcome.error ?? "has run"}`;
  screen.tell({ text, level: ok ? "detail" : "warning" });
}

/**
 * Options of the finished run that a Shoal program started by the command must not inherit: where to listen
 * and write, what to download, what to call it. General options, such as the tracker, are inherited.
 */
const OWN_OPTIONS = [
  "SHOAL_CHECKSUM",
  "SHOAL_COMMENT",
  "SHOAL_NAME",
  "SHOAL_OUT",
  "SHOAL_PEER",
  "SHOAL_PORT",
  "SHOAL_SELECT",
  "SHOAL_TORRENT",
  "SHOAL_UI",
  "SHOAL_WATCH",
  "SHOAL_WEB_SEED",
];

/**
 * The program's environment variables. No option is called `--done-…`, so a Shoal program started by it
 * does not read them as options.
 */
function variables(
  { path, torrent, bytes, seconds, sha256 }: Done,
): Record<string, string> {
  return {
    SHOAL_DONE_PATH: resolve(path),
    SHOAL_DONE_NAME: torrent.name,
    SHOAL_DONE_BYTES: String(bytes),
    SHOAL_DONE_SECONDS: seconds.toFixed(3),
    SHOAL_DONE_INFO_HASH_V1: torrent.v1Hash ?? "",
    SHOAL_DONE_INFO_HASH_V2: torrent.v2Hash ?? "",
    SHOAL_DONE_SHA256: sha256 ?? "",
    // A Shoal program that it starts must not run the command again.
    SHOAL_ON_DONE: "",
    ...Object.fromEntries(OWN_OPTIONS.filter(environmentVariable).map((name) => [name, ""])),
  };
}

/** Why the system, or Deno, did not start it. */
function startReason(error: unknown): string {
  const refusal = describeDenial(error);
  if (refusal !== undefined) return refusal;
  if (error instanceof Deno.errors.NotFound) {
    return "there is no such program; options go into a script";
  }
  if (error instanceof Deno.errors.PermissionDenied) return "it is not executable: chmod +x it";
  const text = error instanceof Error ? error.message : String(error);
  return text.includes("os error 8") ? "it begins with no #! line and is no binary" : text;
}

interface Outcome {
  readonly exitCode?: number;
  /** What went wrong, to follow its name. */
  readonly error?: string;
}

async function run(
  command: string,
  env: Record<string, string>,
  screen: Screen,
  signal: AbortSignal,
): Promise<Outcome> {
  const program = new Deno.Command(command, {
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  let child: Deno.ChildProcess;
  try {
    child = program.spawn();
  } catch (error) {
    return { error: `cannot be started: ${startReason(error)}` };
  }
  const voices = [passOn(child.stdout, screen), passOn(child.stderr, screen)];
  const status = await endOf(child, signal);
  // A process that it left running may hold its output open, and then the output never ends.
  const timer = setTimeout(() => voices.forEach((voice) => voice.stop()), LAST_WORDS_MS);
  await Promise.all(voices.map((voice) => voice.over)).finally(() => clearTimeout(timer));
  if (status === undefined) return { error: "has not ended in time" };
  if (status.signal !== null) return { error: `was ended by ${status.signal}` };
  if (status.success) return { exitCode: status.code };
  return { exitCode: status.code, error: `ended with exit code ${status.code}` };
}

/** How it ended; `undefined` when the user stops us and it does not end in time. */
async function endOf(
  child: Deno.ChildProcess,
  signal: AbortSignal,
): Promise<Deno.CommandStatus | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<undefined>();
  const onAbort = () => {
    kill(child);
    timer = setTimeout(() => giveUp(undefined), GRACE_MS);
  };
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  const status = await Promise.race([child.status, tooLate]);
  clearTimeout(timer);
  signal.removeEventListener("abort", onAbort);
  return status;
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGTERM");
  } catch { /* it has ended already */ }
}

/** Passes the output of `stream` on line by line. */
function passOn(stream: ReadableStream<Uint8Array<ArrayBuffer>>, screen: Screen) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  const over = (async () => {
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop()!;
      screen.say(...lines);
      if (rest.length < LONGEST_LINE) continue;
      screen.say(rest);
      rest = "";
    }
    if (rest !== "") screen.say(rest);
  })();
  return { over, stop: () => void reader.cancel() };
}
