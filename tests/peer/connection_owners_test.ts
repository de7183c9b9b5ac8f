/** Each side of a connection is written by the part it belongs to, and by no other. @module */

import { assert, assertEquals } from "@std/assert";

const LIB = new URL("../../lib/", import.meta.url);

/** Who writes which fields. Before the transfer begins, the metadata fetch writes what the peer says of itself. */
const OWNERS: Readonly<Record<string, { fields: readonly string[]; by: readonly string[] }>> = {
  pieces: {
    fields: ["have", "isCounted", "wantedCount", "gains", "amInterested"],
    by: ["peer/download/availability.ts"],
  },
  download: {
    fields: ["peerChoking", "outstanding", "current", "allowedFast", "refused", "meter"]
      .concat("pipeline", "lastBlockMs", "snubbed", "wastedBytes"),
    by: ["peer/download/", "peer/extension/metadata_fetch.ts"],
  },
  upload: {
    fields: ["amChoking", "peerInterested", "queue", "unchokedMs", "meter"],
    by: ["peer/upload/upload.ts", "peer/extension/metadata_fetch.ts"],
  },
  extension: {
    fields: ["ids", "requestQueue", "metadataSize", "gaveMetadata", "uploadOnly"]
      .concat("saidUploadOnly", "isSuperSeeder"),
    by: ["peer/extension/"],
  },
  ready: {
    fields: ["isQueued", "isIdle", "isInLine"],
    by: ["peer/connection/ready_queue.ts"],
  },
  connection: {
    fields: ["lastReceivedMs", "lastSentMs", "renewed", "closing"],
    by: [
      "peer/swarm.ts",
      "peer/adopt_connections.ts",
      "peer/connection_lifecycle.ts",
      "peer/connection/context.ts",
    ],
  },
};

const CHANGES = /^(\s*([+-]?=(?!=)|\+\+|--)|\.(add|take|set|clear|fill|push|splice|answered)\()/;

/** What of the sides of connections this text writes, as `side.field`. */
function writtenIn(text: string): string[] {
  return Object.entries(OWNERS).flatMap(([side, { fields }]) =>
    [...text.matchAll(new RegExp(`\\b${side}\\.(${fields.join("|")})\\b`, "g"))]
      .filter(({ 0: found, index }) => CHANGES.test(text.slice(index + found.length)))
      .map(([found]) => found)
  );
}

function* sourcesBelow(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, LIB))) {
    if (isDirectory) yield* sourcesBelow(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

Deno.test(
  "each side of a connection is written by its own part",
  { permissions: { read: true } },
  () => {
    const written = new Set<string>();
    for (const room of ["peer/", "net/", "session/", "client/"]) {
      for (const path of sourcesBelow(room)) {
        for (const field of writtenIn(Deno.readTextFileSync(new URL(path, LIB)))) {
          written.add(field.split(".")[0]!);
          const { by } = OWNERS[field.split(".")[0]!]!;
          assert(by.some((owner) => path.startsWith(owner)), `${path} writes ${field}`);
        }
      }
    }
    assertEquals(written, new Set(Object.keys(OWNERS)), "sides that are written somewhere");
  },
);

Deno.test("a write is told from a look", { permissions: "none" }, () => {
  assertEquals(writtenIn("connection.upload.amChoking = false;"), ["upload.amChoking"]);
  assertEquals(writtenIn("pieces.wantedCount--; download.refused.add(1)").toSorted(), [
    "download.refused",
    "pieces.wantedCount",
  ]);
  assertEquals(writtenIn("if (upload.amChoking === download.refused.has(3)) return;"), []);
});
