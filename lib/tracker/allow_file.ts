/**
 * The file that lists the torrents a closed tracker serves, read again when it changes.
 *
 * @module
 */

import { OptionError } from "../errors.ts";
import { readAllowList } from "./core/allow_list.ts";

/** A list of info-hashes on disk. */
export class AllowFile {
  readonly #path: string;
  #version = "";

  /** @param path Of a file as {@link readAllowList} reads it. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The hashes, or `undefined` when the file is as it was the last time.
   *
   * @throws {OptionError} when it cannot be read or holds something else; the next call says so again
   * only if the file has changed since.
   */
  async readIfChanged(): Promise<ReadonlySet<string> | undefined> {
    const version = await this.#currentVersion();
    if (version === this.#version) return undefined;
    this.#version = version;
    try {
      return await this.#read();
    } catch (error) {
      const reason = error instanceof OptionError
        ? error.message
        : "it cannot be read; check the path and its permissions";
      throw new OptionError(`the list of allowed torrents ${this.#path}: ${reason}`, {
        cause: error,
      });
    }
  }

  /** Reads it a little at a time: a long list keeps nobody waiting for an answer. */
  async #read(): Promise<ReadonlySet<string>> {
    const reading = readAllowList(await Deno.readTextFile(this.#path));
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
