/**
 * One TCP connection of a scripted peer: writing in parts, reading to the end.
 *
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

  /** Waits, but at most until the conversation ends. */
  async pause(ms: number): Promise<void> {
    const { signal } = this.#ended;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const wake = () => (clearTimeout(timer), resolve());
      if (signal.aborted) wake();
      else signal.addEventListener("abort", wake, { once: true });
    });
  }

  /** Closes the connection. */
  close(): void {
    this.#ended.abort();
    closeIfOpen(this.#conn);
  }
}

/** Reads and discards everything until the other side closes the connection. */
export async function readOn(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  while (await conn.read(buffer) !== null);
}

/** The first result of `take` on the bytes received so far; `undefined` at the end of the stream. */
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

/** Closes a resource that the other side or the test may have closed already. */
export function closeIfOpen(resource: { close(): void }): void {
  try {
    resource.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Whether the other side or the test has closed the connection, which is how these conversations end. */
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
