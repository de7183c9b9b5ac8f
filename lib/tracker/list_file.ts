/**
 * A file with a list that is read again when it changes.
 *
 * @module
 */

import { OptionError } from "../errors.ts";

/** How a list is read. */
interface ListFormat<T> {
  /** What the list is, for errors: `the list of allowed torrents`. */
  readonly what: string;
  /** Parses its text; yields now and then, and throws an {@link OptionError} for a malformed one. */
  readonly read: (text: string) => Generator<void, T>;
}

/** A list on disk. */
export class ListFile<T> {
  readonly #path: string;
  readonly #format: ListFormat<T>;
  #version = "";

  /** @param path A file in that format. */
  constructor(path: string, format: ListFormat<T>) {
    this.#path = path;
    this.#format = format;
  }

  /**
   * The list, or `undefined` if the file has not changed since the last call.
   *
   * @throws {OptionError} if the file cannot be read or is malformed; the next call throws again only if the
   * file has changed since.
   */
  async readIfChanged(): Promise<T | undefined> {
    const version = await this.#currentVersion();
    if (version === this.#version) return undefined;
    this.#version = version;
    try {
      return await this.#read();
    } catch (error) {
      const reason = error instanceof OptionError
        ? error.message
        : "it cannot be read; check the path and its permissions";
      throw new OptionError(`${this.#format.what} ${this.#path}: ${reason}`, { cause: error });
    }
  }

  /** Reads the file in small steps, so that a long list does not delay answers. */
  async #read(): Promise<T> {
    const reading = this.#format.read(await Deno.readTextFile(this.#path));
    for (;;) {
      const { done, value } = reading.next();
      if (done) return value;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  async #currentVersion(): Promise<string> {
    try {
      const { mtime, size, ino } = await Deno.stat(this.#path);
      return `${mtime?.getTime()}/${size}/${ino}`;
    } catch {
      return "missing";
    }
  }
}
