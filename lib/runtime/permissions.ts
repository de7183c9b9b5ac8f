/**
 * What Deno lets the program do without asking its user. What is a mere nicety is left out where it is
 * not permitted: no question on the terminal, and no end with an error.
 *
 * @module
 */

import { rethrowBug } from "./operational_errors.ts";

/** What cannot be done without a permission, after "Deno was not permitted to". */
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
 * What Deno was not permitted, in a sentence that names the flag to add; undefined when that is not why
 * `error` came about.
 *
 * @param error what Deno throws, or what is left of it when it comes from another thread
 */
export function describeDenial(error: unknown): string | undefined {
  const { message = "" } = error as { message?: string };
  // Node's way of looking a name up says it in its own words.
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

/** Whether this may be done, as far as `--allow-…` says; nobody is asked. */
export function isPermitted(what: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(what).state === "granted";
}

/** Whether modules in this folder may be imported late; those imported from the beginning always may. */
export function isPermittedCode(folder: URL): boolean {
  return folder.protocol !== "file:" || isPermitted({ name: "read", path: folder });
}

/** The value of an environment variable; undefined as well where it may not be read. */
export function environmentVariable(name: string): string | undefined {
  return isPermitted({ name: "env", variable: name }) ? Deno.env.get(name) : undefined;
}

/**
 * That none of these environment variables may be read, in a sentence that says how to permit it; undefined
 * where one may be, for then somebody has thought of them.
 *
 * @param pattern what they are called, as Deno takes it
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

/** Why nothing is known of this machine's networks, where {@link networkInterfaces} gives nothing. */
export const UNLISTED_INTERFACES: string =
  "Deno was not permitted to list this machine's networks: " +
  "add --allow-sys=networkInterfaces, or run with -A";

let lastListed: Deno.NetworkInterfaceInfo[] = [];

/**
 * The addresses of this machine, one by one; undefined where they may not be listed. When the system has
 * no descriptor left to list them with, they are what they were the last time.
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
