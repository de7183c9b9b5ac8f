/**
 * UDP sockets, which Deno has only with a flag.
 *
 * @module
 */

import { ExitCode, NetworkError } from "../errors.ts";

/** The error code for a Deno without the flag. */
const NO_DATAGRAMS = "needs-unstable-net";

/**
 * Checks that UDP sockets are available, before anything starts that needs them.
 *
 * @throws {NetworkError} with the code `needs-unstable-net`, whose message says what to do
 */
export function requireDatagrams(): void {
  // The type says it always exists, but it does so only with the flag.
  if (typeof (Deno as { listenDatagram?: unknown }).listenDatagram === "function") return;
  throw new NetworkError(
    "Deno has UDP sockets only with --unstable-net: run with that flag, or write " +
      '"unstable": ["net"] into the deno.json of your program',
    { exitCode: ExitCode.network, code: NO_DATAGRAMS },
  );
}

/**
 * Opens a UDP socket.
 *
 * @throws {NetworkError} as {@link requireDatagrams} does; one of Deno's errors when the system refuses
 */
export function listenDatagram(
  options: Deno.UdpListenOptions & { transport: "udp" },
): Deno.DatagramConn {
  requireDatagrams();
  return Deno.listenDatagram(options);
}
