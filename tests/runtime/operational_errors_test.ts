/** Whose fault an error is: the world's, or ours. @module */

import { assert, assertRejects, assertThrows } from "@std/assert";
import { openSync } from "node:fs";
import { FileReader } from "../../lib/disk/file_reader.ts";
import { DiskError, ProtocolError } from "../../lib/errors.ts";
import { isOperational, rethrowBug } from "../../lib/runtime/operational_errors.ts";
import { Layout } from "../../lib/store/layout.ts";
import { at } from "../support/peer/peers.ts";

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

Deno.test("strangers, the network and the disk may fail; everything else is a bug", async () => {
  const refused = await Deno.connect({ hostname: "127.0.0.1", port: 1 }).catch((error) => error);
  const outside = [
    new ProtocolError("nonsense"),
    new DiskError("full"),
    refused,
    new Deno.errors.ConnectionReset("gone"),
    new Error("No route to host (os error 113)"),
    thrownBy(() => openSync("/no/such/file", "r")),
    thrownBy(() => AbortSignal.abort().throwIfAborted()),
  ];
  for (const error of outside) assert(isOperational(error), String(error));
  const bugs = [
    new TypeError("x is undefined"),
    new RangeError("too much"),
    new Error("piece 3 is have, not missing"),
    thrownBy(() => openSync(undefined as unknown as string, "r")),
    "a string",
  ];
  for (const error of bugs) {
    assert(!isOperational(error), String(error));
    if (error instanceof Error) {
      assertThrows(() => rethrowBug(error), error.constructor as never);
    }
  }
});

Deno.test("a reader says of a file that is not there that it cannot be read, and hides no bug", async () => {
  const files = [{ length: 500, pad: false }]; // this file has more
  const layout = new Layout({ pieceLength: 16_384, version: "v1", files });
  const reader = new FileReader(layout, files, ["/no/such/file"], () => undefined, ["a stamp"]);
  assert(!await reader.read(at(0), 0, 500, new Uint8Array(500)));
  await reader.close();
  const here = new URL(import.meta.url).pathname;
  const buggy = new FileReader(layout, files, [here], () => {
    throw new TypeError("a bug");
  }, ["another stamp"]);
  await assertRejects(() => buggy.read(at(0), 0, 1, new Uint8Array(1)), TypeError, "a bug");
  await buggy.close();
});
