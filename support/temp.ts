/**
 * A temporary folder that is removed, with its contents, when its scope ends.
 *
 * @module
 */

import { join } from "@std/path";

/** Made with {@linkcode TempFolder.create}; `await using` removes it. */
export class TempFolder implements AsyncDisposable {
  /** Absolute path of the folder. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Creates a new empty folder, in `parent` if given, else in the system's temporary folder. */
  static async create(parent?: string): Promise<TempFolder> {
    const dir = parent === undefined ? {} : { dir: parent };
    return new TempFolder(await Deno.makeTempDir({ prefix: "shoal-", ...dir }));
  }

  /** A path inside the folder. */
  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Creates a subfolder and returns its path. */
  async folder(name: string): Promise<string> {
    const path = this.join(name);
    await Deno.mkdir(path, { recursive: true });
    return path;
  }

  /** Writes a file in the folder and returns its path. */
  async file(name: string, content: string | Uint8Array<ArrayBuffer>): Promise<string> {
    const path = this.join(name);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(path, bytes);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
