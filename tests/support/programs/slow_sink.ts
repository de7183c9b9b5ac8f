/**
 * A stream whose reader takes something only when the test says so.
 * @module
 */

/** Made with `new`; {@linkcode SlowSink.take} lets the write that waits succeed. */
export class SlowSink {
  /** What has been taken. */
  text = "";
  readonly #decoder = new TextDecoder();
  #waiting: (() => void) | undefined;
  #isOpen = false;

  /** As of `Deno.stdout`. */
  async write(bytes: Uint8Array): Promise<number> {
    if (!this.#isOpen) await new Promise<void>((resolve) => this.#waiting = resolve);
    this.text += this.#decoder.decode(bytes, { stream: true });
    return bytes.length;
  }

  /** Takes what waits to be written, and nothing after it. */
  async take(): Promise<void> {
    this.#waiting?.();
    this.#waiting = undefined;
    await new Promise((resolve) => setTimeout(resolve));
  }

  /** Takes everything from now on. */
  open(): void {
    this.#isOpen = true;
    this.#waiting?.();
  }

  /** What has been taken, in lines. */
  get lines(): string[] {
    return this.text.split("\n").filter((line) => line !== "");
  }
}
