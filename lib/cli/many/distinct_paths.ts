/**
 * Which of several paths lead to the same file or folder.
 *
 * @module
 */

/** A path as it was given. */
export interface GivenPath {
  readonly path: string;
  /** The first of the paths that leads to the same place, if it is not this one. */
  readonly sameAs?: string;
}

/** The paths in their order. One that leads nowhere is the same as its own repetitions only. */
export async function distinctPaths(paths: readonly string[]): Promise<GivenPath[]> {
  const places = await Promise.all(paths.map((path) => Deno.realPath(path).catch(() => path)));
  const first = new Map<string, string>();
  return paths.map((path, i) => {
    const sameAs = first.get(places[i]!);
    if (sameAs !== undefined) return { path, sameAs };
    first.set(places[i]!, path);
    return { path };
  });
}
