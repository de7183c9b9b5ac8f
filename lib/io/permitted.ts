/**
 * What Deno lets the program do without asking its user. What is a mere nicety is left out where it is
 * not permitted: no question on the terminal, and no end with an error.
 *
 * @module
 */

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

/** The addresses of this machine, one by one; undefined where they may not be listed. */
export function networkInterfaces(): Deno.NetworkInterfaceInfo[] | undefined {
  return isPermitted({ name: "sys", kind: "networkInterfaces" })
    ? Deno.networkInterfaces()
    : undefined;
}
