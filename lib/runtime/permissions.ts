/**
 * What Deno permits the program to do. Optional features are skipped without permission, instead of
 * prompting on the terminal or ending with an error.
 *
 * @module
 */

import { rethrowBug } from "./operational_errors.ts";

/** What needs the permission, to follow "Deno was not permitted to". */
const DEEDS: Readonly<Record<string, (what: string) => string>> = {
  net: (what) => what === "" ? "use the network" : `use the network for ${what}`,
  read: (what) => `read ${what || "files"}`,
  write: (what) => `write ${what || "files"}`,
  env: (what) => `read the environment variable ${what}`.replace(/variable $/, "variables"),
  sys: (what) => `ask the system for ${what || "what it is"}`,
  run: (what) => `run ${what || "programs"}`,
  import: (what) => `load code from ${what || "elsewhere"}`,
};

/**
 * A sentence on the missing Deno permission that names the flag to add; `undefined` when that is not the
 * cause of `error`.
 *
 * @param error an error of Deno, or what is left of it when it comes from another thread
 */
export function describeDenial(error: unknown): string | undefined {
  const { message = "" } = error as { message?: string };
  // Node's name lookup reports it in its own words.
  const unresolved = /getaddrinfo EPERM (\S+)/.exec(message)?.[1];
  const [, kind, what = ""] = unresolved !== undefined
    ? ["", "net", unresolved]
    : /Requires (\w+) access(?: to "?(.*?)"?)?,/.exec(message) ?? [];
  const deed = DEEDS[kind ?? ""];
  if (kind === undefined || deed === undefined) return undefined;
  const given = kind === "env" || kind === "sys" || kind === "run" ? `=${what}` : "";
  const how = Deno.build.standalone
    ? "this program was compiled without it"
    : `add ${what === "" || given !== "" ? "" : "it to "}--allow-${kind}${
      what === "" ? "" : given
    }, ` +
      "or run with -A";
  return `Deno was not permitted to ${deed(what)}: ${how}`;
}

/** Whether `--allow-…` permits this; never prompts. */
export function isPermitted(what: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(what).state === "granted";
}

/** Whether modules in this folder may be imported dynamically; statically imported ones always may. */
export function isPermittedCode(folder: URL): boolean {
  return folder.protocol !== "file:" || isPermitted({ name: "read", path: folder });
}

/** The value of an environment variable; also `undefined` when reading it is not permitted. */
export function environmentVariable(name: string): string | undefined {
  return isPermitted({ name: "env", variable: name }) ? Deno.env.get(name) : undefined;
}

/**
 * A sentence that none of these environment variables may be read, and how to permit it; `undefined` if at
 * least one may, because then the user has considered them.
 *
 * @param pattern what they are called, in Deno's syntax
 */
export function unreadVariables(names: Iterable<string>, pattern: string): string | undefined {
  for (const name of names) {
    if (isPermitted({ name: "env", variable: name })) return undefined;
  }
  const how = Deno.build.standalone
    ? "this program was compiled without it"
    : `add --allow-env='${pattern}', or run with -A`;
  return `environment variables ${pattern} are not read: Deno was not permitted to; ${how}`;
}

/** Why this machine's networks are unknown, when {@link networkInterfaces} returns nothing. */
export const UNLISTED_INTERFACES: string =
  "Deno was not permitted to list this machine's networks: " +
  "add --allow-sys=networkInterfaces, or run with -A";

let lastListed: Deno.NetworkInterfaceInfo[] = [];

/**
 * This machine's addresses; `undefined` without the permission to list them. When no file descriptor is
 * left to list them with, returns the previous result.
 */
export function networkInterfaces(): Deno.NetworkInterfaceInfo[] | undefined {
  if (!isPermitted({ name: "sys", kind: "networkInterfaces" })) return undefined;
  try {
    lastListed = Deno.networkInterfaces();
  } catch (error) {
    rethrowBug(error);
  }
  return lastListed;
}
