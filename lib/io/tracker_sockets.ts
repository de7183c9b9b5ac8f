/**
 * The sockets a tracker listens on, over IPv4 and IPv6.
 *
 * @module
 */

import { NetworkError, OptionError } from "../errors.ts";

/**
 * Sockets that together receive what is sent to `host`, by default over both families. Where a socket
 * on `::` receives IPv4 as well, the one on `0.0.0.0` finds its port taken and is not needed.
 *
 * @throws {NetworkError} when the port is taken; {OptionError} when this machine lacks the address or
 * does not let the program use the port.
 */
export function openSockets(port: number, host: string | undefined): Deno.DatagramConn[] {
  if (host !== undefined) return [open(host, port)];
  let both: Deno.DatagramConn;
  try {
    both = Deno.listenDatagram({ transport: "udp", hostname: "::", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw portTaken(port, error);
    return [open("0.0.0.0", port)];
  }
  try {
    const { port: taken } = both.addr as Deno.NetAddr;
    return [both, Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: taken })];
  } catch {
    return [both];
  }
}

function open(hostname: string, port: number): Deno.DatagramConn {
  try {
    return Deno.listenDatagram({ transport: "udp", hostname, port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw portTaken(port, error);
    if (error instanceof Deno.errors.AddrNotAvailable) {
      throw new OptionError(`this machine does not have the address ${hostname}`, error);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new OptionError(`UDP port ${port} may not be used; take one above 1023`, error);
    }
    throw error;
  }
}

function portTaken(port: number, cause: unknown): NetworkError {
  const message = `UDP port ${port} is taken, perhaps by another tracker; choose one with --port`;
  return new NetworkError(message, undefined, cause);
}
