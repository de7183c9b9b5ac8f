/**
 * Explains why listening on a port failed: for peers, a tracker, or the page.
 *
 * @module
 */

import { formatHostPort } from "../codec/address.ts";
import { NetworkError, OptionError, type ShoalError } from "../errors.ts";
import { describeDenial } from "./permissions.ts";

/** What the port is for. */
type ListenPurpose = "peers" | "tracker" | "page";

/**
 * - `taken`: another socket uses the port
 * - `absent`: this machine does not have the address
 * - `forbidden`: the system does not allow the program to use the port
 * - `denied`: Deno was not permitted to
 */
type ListenFault = "taken" | "absent" | "forbidden" | "denied" | "other";

/** Where it tried to listen, and the system's error. */
interface Attempt {
  readonly host: string;
  readonly port: number;
  readonly cause: unknown;
}

const ERRORS: Readonly<
  Record<ListenPurpose, Partial<Record<ListenFault, (attempt: Attempt) => ShoalError>>>
> = {
  peers: {
    taken: ({ port, cause }) =>
      new NetworkError(`port ${port} is taken by another program`, { code: "port-taken", cause }),
    forbidden: ({ port, cause }) =>
      new NetworkError(`no permission to listen on port ${port}`, {
        code: "port-forbidden",
        cause,
      }),
    denied: ({ port, cause }) =>
      new NetworkError(
        `Deno was not permitted to listen on port ${port}: add --allow-net, or run with -A`,
        { cause },
      ),
    absent: unlistenable,
    other: unlistenable,
  },
  tracker: {
    taken: ({ port, cause }) =>
      new NetworkError(`UDP port ${port} is taken, perhaps by another tracker`, {
        code: "udp-port-taken",
        cause,
      }),
    absent: ({ host, cause }) =>
      new OptionError(`this machine does not have the address ${host}`, { cause }),
    forbidden: ({ port, cause }) =>
      new OptionError(`UDP port ${port} may not be used; take one above 1023`, { cause }),
    denied: ({ cause }) => new NetworkError(describeDenial(cause)!, { cause }),
  },
  page: {
    taken: ({ host, port, cause }) => {
      const where = formatHostPort(host, port);
      const sentence = `the page cannot be served on ${where}: TCP port ${port} is taken`;
      return new NetworkError(sentence, { code: "page-port-taken", cause });
    },
    absent: ({ host, cause }) =>
      new OptionError(`this machine does not have the address ${host} of the page`, { cause }),
    forbidden: ({ port, cause }) =>
      new OptionError(`the page may not use TCP port ${port}; take one above 1023`, { cause }),
    denied: ({ cause }) =>
      new NetworkError(`the page cannot be served: ${describeDenial(cause)}`, { cause }),
  },
};

/** The error to end with when listening fails; returns an unexpected error unchanged. */
export function listenError(
  cause: unknown,
  purpose: ListenPurpose,
  host: string,
  port: number,
): unknown {
  return ERRORS[purpose][listenFault(cause)]?.({ host, port, cause }) ?? cause;
}

/** Classifies an error of Deno or Node. Windows reserves ranges of ports, which are `forbidden`. */
export function listenFault(error: unknown): ListenFault {
  const isTaken = (error as { code?: string }).code === "EADDRINUSE"; // of Deno and of Node
  if (isTaken || error instanceof Deno.errors.AddrInUse) return "taken";
  if (error instanceof Deno.errors.AddrNotAvailable) return "absent";
  if (error instanceof Deno.errors.PermissionDenied) return "forbidden";
  return describeDenial(error) === undefined ? "other" : "denied";
}

function unlistenable({ host, port, cause }: Attempt): NetworkError {
  const sentence = `cannot listen on ${host} port ${port}: is that an address of this machine?`;
  return new NetworkError(sentence, { cause });
}
