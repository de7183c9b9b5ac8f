import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { NetworkError, OptionError } from "../../lib/errors.ts";
import { listenError, listenFault } from "../../lib/runtime/listen_error.ts";

const pure = { permissions: "none" } as const;

const denied = new Deno.errors.NotCapable(
  'Requires net access to "127.0.0.1:80", run again with the --allow-net flag',
);
const node = Object.assign(new Error("listen"), { code: "EADDRINUSE" });

Deno.test("what the system says of a port is one of five faults", pure, () => {
  assertEquals(listenFault(new Deno.errors.AddrInUse("x")), "taken");
  assertEquals(listenFault(node), "taken");
  assertEquals(listenFault(new Deno.errors.AddrNotAvailable("x")), "absent");
  assertEquals(listenFault(new Deno.errors.PermissionDenied("x")), "forbidden");
  assertEquals(listenFault(denied), "denied");
  assertEquals(listenFault(new TypeError("x")), "other");
});

Deno.test(
  "a port that cannot be listened on is told of in the words of what it is for",
  pure,
  () => {
    const cases: [Error, Parameters<typeof listenError>[1], string, string, number][] = [
      [node, "peers", "port 80 is taken by another program", "port-taken", 6],
      [node, "tracker", "UDP port 80 is taken, perhaps by another tracker", "udp-port-taken", 6],
      [
        node,
        "page",
        "the page cannot be served on 127.0.0.1:80: TCP port 80 is taken",
        "page-port-taken",
        6,
      ],
      [
        new Deno.errors.AddrNotAvailable("x"),
        "peers",
        "cannot listen on 127.0.0.1 port 80: is that an address of this machine?",
        "network",
        6,
      ],
      [
        new Deno.errors.AddrNotAvailable("x"),
        "tracker",
        "this machine does not have the address 127.0.0.1",
        "bad-option",
        28,
      ],
      [
        new Deno.errors.AddrNotAvailable("x"),
        "page",
        "this machine does not have the address 127.0.0.1 of the page",
        "bad-option",
        28,
      ],
      [
        new Deno.errors.PermissionDenied("x"),
        "peers",
        "no permission to listen on port 80",
        "port-forbidden",
        6,
      ],
      [
        new Deno.errors.PermissionDenied("x"),
        "tracker",
        "UDP port 80 may not be used; take one above 1023",
        "bad-option",
        28,
      ],
      [
        new Deno.errors.PermissionDenied("x"),
        "page",
        "the page may not use TCP port 80; take one above 1023",
        "bad-option",
        28,
      ],
      [
        denied,
        "peers",
        "Deno was not permitted to listen on port 80: add --allow-net, or run with -A",
        "network",
        6,
      ],
      [
        denied,
        "tracker",
        "Deno was not permitted to use the network for 127.0.0.1:80: add it to --allow-net, or run with -A",
        "network",
        6,
      ],
      [
        denied,
        "page",
        "the page cannot be served: Deno was not permitted to use the network for 127.0.0.1:80: " +
        "add it to --allow-net, or run with -A",
        "network",
        6,
      ],
    ];
    for (const [cause, purpose, sentence, code, exitCode] of cases) {
      const error = listenError(cause, purpose, "127.0.0.1", 80);
      assert(error instanceof NetworkError || error instanceof OptionError, sentence);
      assertEquals([error.message, error.code, error.exitCode], [sentence, code, exitCode]);
      assertStrictEquals(error.cause, cause);
    }
  },
);

Deno.test("what was not foreseen is given back as it is, but for peers", pure, () => {
  const bug = new TypeError("x");
  assertStrictEquals(listenError(bug, "tracker", "::", 80), bug);
  assertStrictEquals(listenError(bug, "page", "::", 80), bug);
  assert(listenError(bug, "peers", "::", 80) instanceof NetworkError);
});
