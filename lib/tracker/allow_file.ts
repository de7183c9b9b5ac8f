/**
 * The file that lists the torrents a closed tracker serves. It is read again when it changes.
 *
 * @module
 */

import { OptionError } from "../errors.ts";
import { readAllowList } from "./core/allow_list.ts";

/** A list of info-hashes on disk. */
export class AllowFile {
  readonly #path: string;
  #version = "";

  /** @param path A file in the format of {@link readAllowList}. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The hashes, or `undefined` if the file has not changed since the last call.
   *
   * @throws {OptionError} if the file cannot be read or is malformed; the next call throws again only if the
   * file has changed since.
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

  /** Reads the file in small steps, so that a long list does not delay answers. */
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
