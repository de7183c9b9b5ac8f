/**
 * UDP sockets, which Deno has only behind a flag.
 *
 * @module
 */

import { ExitCode, NetworkError } from "../errors.ts";

/** The `code` of the error that says that Deno runs without the flag. */
const NO_DATAGRAMS = "needs-unstable-net";

/**
 * Looks whether there are UDP sockets, before anything is begun that needs them.
 *
 * @throws {NetworkError} with the code `needs-unstable-net`, which says what to do
 */
export function requireDatagrams(): void {
  // Its type says that it is there, which is so with the flag only.
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
 * @throws {NetworkError} as {@link requireDatagrams} does; an error of Deno's when the system refuses
 */
export function listenDatagram(
  options: Deno.UdpListenOptions & { transport: "udp" },
): Deno.DatagramConn {
  requireDatagrams();
  return Deno.listenDatagram(options);
}
