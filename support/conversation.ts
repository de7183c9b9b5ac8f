/**
 * One TCP connection of a scripted peer: writing in pieces, reading to the end.
 * @module
 */

import type { Framer } from "../lib/codec/wire/framer.ts";
import { encodeMessage, type Message } from "../lib/codec/wire/message.ts";

/** One connection of a scripted peer. */
export class Conversation {
  /** Blocks sent so far. */
  blocksSent = 0;
  readonly #conn: Deno.TcpConn;
  readonly #bytesPerWrite: number;
  readonly #ended = new AbortController();

  constructor(conn: Deno.TcpConn, bytesPerWrite = Infinity) {
    this.#conn = conn;
    this.#bytesPerWrite = bytesPerWrite;
  }

  /** Writes raw bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const end = Math.min(bytes.length, done + this.#bytesPerWrite);
      done += await this.#conn.write(bytes.subarray(done, end));
    }
  }

  /** Writes a message. */
  async send(message: Message): Promise<void> {
    await this.write(encodeMessage(message));
  }

  /** Waits, but not longer than the conversation lasts. */
  async pause(ms: number): Promise<void> {
    const { signal } = this.#ended;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const wake = () => (clearTimeout(timer), resolve());
      if (signal.aborted) wake();
      else signal.addEventListener("abort", wake, { once: true });
    });
  }

  /** Hangs up. */
  close(): void {
    this.#ended.abort();
    closeIfOpen(this.#conn);
  }
}

/** Reads and drops everything until the other side hangs up. */
export async function readOn(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  while (await conn.read(buffer) !== null);
}

/** What `take` finds in what has arrived, as soon as it finds something; undefined at the end. */
export async function readUntil<T>(
  conn: Deno.TcpConn,
  framer: Framer,
  take: () => T | undefined,
): Promise<T | undefined> {
  for (;;) {
    const taken = take();
    if (taken !== undefined) return taken;
    const read = await conn.read(framer.space());
    if (read === null) return undefined;
    framer.advance(read);
  }
}

/** Closes what the other side or the test may have closed already. */
export function closeIfOpen(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** The other side or the test has closed the connection: that is how these conversations end. */
export function isHangUp(error: unknown): void {
  const expected = [
    Deno.errors.BadResource,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionReset,
    Deno.errors.ConnectionAborted,
    Deno.errors.Interrupted,
  ];
  if (!expected.some((kind) => error instanceof kind)) throw error;
}
