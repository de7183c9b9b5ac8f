/**
 * A program for tests: takes part in a multicast group in the network it is started in. Lines on stdin
 * are commands: `refresh` prints the own addresses, `send TEXT` and `send-from IP TEXT` send, with `\n`
 * for the end of a line. It prints what it hears, as `IP TEXT`, and ends with its stdin. Its argument is
 * the address family.
 * @module
 */

import { LOCAL_GROUPS } from "../../../lib/codec/discovery/lsd.ts";
import { MulticastGroup } from "../../../lib/discovery/local/multicast.ts";

const family = Deno.args[0] === "6" ? 6 : 4;
const group = new MulticastGroup(family, LOCAL_GROUPS[family], (packet, { host }) => {
  console.log(`${host} ${new TextDecoder().decode(packet)}`);
});

let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const [command, ...words] = line.split(" ");
    const from = command === "send-from" ? words.shift() : undefined;
    if (command === "refresh") {
      const isNew = await group.refresh();
      console.log(`at ${group.addresses.toSorted().join(",")}${isNew ? " new" : ""}`);
    } else {
      const text = words.join(" ").replaceAll("\\n", "\r\n");
      await group.send(new TextEncoder().encode(text), from);
    }
  }
}
await group.close();
