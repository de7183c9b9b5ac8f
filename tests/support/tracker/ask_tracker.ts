/**
 * A program for tests: asks a tracker at each of some addresses, until it answers, and prints where the
 * answer came from. Its arguments are the port and the addresses.
 * @module
 */

import { fromHex } from "../../../lib/codec/bytes.ts";
import { REQUESTS } from "../vectors/tracker_vectors.ts";

const [port, ...hosts] = Deno.args;
for (const hostname of hosts) {
  const local = hostname.includes(":") ? "::" : "0.0.0.0";
  const socket = Deno.listenDatagram({ transport: "udp", hostname: local, port: 0 });
  const ask = async () => {
    try {
      const to = { transport: "udp", hostname, port: Number(port) } as const;
      await socket.send(fromHex(REQUESTS[0]!.hex), to);
    } catch {
      // The address may not be there yet.
    }
  };
  const timer = setInterval(() => void ask(), 200);
  const [, from] = await socket.receive();
  clearInterval(timer);
  socket.close();
  console.log(`${hostname} answers from ${(from as Deno.NetAddr).hostname}`);
}
