/**
 * The name of this machine.
 *
 * @module
 */

import { isPermitted } from "./permissions.ts";

/** The host name; `undefined` without the permission to know it. */
export function hostName(): string | undefined {
  return isPermitted({ name: "sys", kind: "hostname" }) ? Deno.hostname() : undefined;
}
