/** Numbers in the prose of the documents are those of the code. @module */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { PeerTable } from "../../lib/tracker/tables/peer_table.ts";
import { documentText, namedTables } from "../support/project/document.ts";
import { constantsNamed } from "../support/project/source_constants.ts";

/**
 * Passages by document. `{peer/upload/upload.ts NAME}` stands for the value of that constant in a file or room of `lib/`; a
 * third word says how the document gives it, see {@link FORMATS}.
 */
const PASSAGES: Readonly<Record<string, readonly string[]>> = {
  "docs/protocol.md": [
    "The default port is {codec/discovery/tracker_url.ts DEFAULT_TRACKER_PORT plain}.",
    "after {discovery/tracker_connection.ts FIRST_WAIT_MS s} s, then after 2 s more, then 4, " +
    "and gives up after {discovery/tracker_families.ts GIVE_UP_SECONDS}.",
    "first announce gives up after {discovery/announce_tier.ts FIRST_GIVE_UP_SECONDS} and",
    "20 bytes each; the first {tracker/core/tracker_core.ts MAX_SCRAPE_HASHES} are answered",
    "Shoal's tracker names {tracker/tables/limits.ts maxPeersPerAnswer} peers at most, in a packet of " +
    "{tracker/core/response_buffer.ts MAX_ANSWER_LENGTH} bytes at most",
    "The interval is {tracker/core/announce.ts FIRST_SECONDS} s in a young, small swarm; it grows with " +
    "the age and the size of the swarm up to {tracker/options.ts DEFAULT_INTERVAL_SECONDS} s",
    "never longer than {codec/discovery/shoal_packets.ts MAX_FIND_RESPONSE_LENGTH} bytes",
    "as soon as it has read {codec/wire/handshake.ts HANDSHAKE_HEAD_LENGTH} bytes",
    "So does a length above {codec/wire/message_types.ts MAX_MESSAGE_LENGTH}.",
    "without it {peer/connection/extension_state.ts DEFAULT_REQUEST_QUEUE} are assumed",
    "metadata pieces of {codec/wire/extension.ts METADATA_PIECE_LENGTH} bytes",
    "at most {codec/wire/pex.ts MAX_PEX_PEERS} peers a message; to other programs it sends one a minute " +
    "at most, to Shoal one every {peer/extension/pex.ts SHOAL_INTERVAL_MS s-word} seconds",
    "a power of two from 2 to {codec/torrent/piece_layer.ts HASHES_PER_REQUEST}, and",
    "A packet has {codec/discovery/lsd.ts MAX_SEARCH_LENGTH} bytes at most",
    "and every {discovery/local/lsd_schedule.ts PERIOD_MS min-word} minutes",
    "The asker waits {discovery/local/ask.ts TRACKER_SILENCE_MS} ms for a tracker, " +
    "{discovery/local/ask.ts NAME_SILENCE_MS s-word} seconds for a name, or " +
    "{discovery/local/ask.ts OTHERS_MS} ms from the first answer on",
    "then zeros up to {codec/discovery/local_question.ts MAX_LOCAL_PACKET_LENGTH} bytes",
    "none within {net/handshake.ts HANDSHAKE_TIMEOUT_MS s} s",
    "longer than {peer/upload/upload.ts MAX_SERVED_BLOCK} bytes, the piece is not there, or " +
    "{peer/upload/upload.ts REQUEST_QUEUE} requests wait already",
    "Ask for blocks of {codec/torrent/merkle.ts BLOCK_LENGTH} bytes on the grid",
    "plus {peer/connection/request_pipeline.ts RESERVE_MS s} s. Shoal begins with {peer/connection/request_pipeline.ts INITIAL_DEPTH} " +
    "blocks and one more for each that arrives, and keeps {peer/connection/request_pipeline.ts MIN_DEPTH} to " +
    "{peer/connection/request_pipeline.ts MAX_DEPTH}",
    "the first {peer/download/piece_picker.ts RANDOM_FIRST_PIECES word} at random",
    "if no peer gives its SHA-256 hashes for {peer/verify/piece_hashes.ts SHA1_FALLBACK_MS s} s",
    "{peer/download/request_scheduler.ts END_GAME_DELAY_MS s} s after the last piece was begun, a peer that owes " +
    "nothing any more is asked for blocks that others owe, {peer/download/piece_picker.ts END_GAME_BLOCKS} at a " +
    "time and none of more than {peer/download/piece_picker.ts END_GAME_REQUESTERS word} peers",
    "sends none for {peer/download/download.ts SNUB_MS s} s is asked for one at a time",
    "Shoal serves {session/active_torrent.ts UPLOAD_SLOTS} peers at once. It serves all of them if no more than 8 lack " +
    "something, and {peer/upload/upload.ts FIRST_SLOTS} while it is a leecher with fewer than " +
    "{peer/upload/upload.ts FIRST_PIECES word} pieces itself",
    "hashes of its blocks, for {peer/verify/block_hash_fetch.ts PATIENCE_MS s} s at most",
    "connect after {peer/peers/peer_list.ts FIRST_BACK_OFF_MS s} s, 2 s, 4 s, up to " +
    "{peer/peers/peer_list.ts MAX_BACK_OFF_MS s} s",
    "silent for {tracker/server.ts TTL_INTERVALS} intervals",
  ],
  "docs/architecture.md": [
    "{codec/wire/message.ts REQUEST_MESSAGE_LENGTH} bytes each, in one go",
    "{codec/wire/message.ts PIECE_HEADER_LENGTH} bytes in front of each block",
    "{store/piece_budget.ts PIECE_MEMORY MiB} MiB for all downloads, and " +
    "{store/piece_budget.ts FEWEST_PIECES word} pieces for each",
    "{net/send_queue.ts MAX_BACKLOG_BYTES MiB} MiB, then the peer has to go",
    "{peer/connection/request_pipeline.ts MAX_DEPTH} for each connection",
    "{net/send_buffers.ts SMALL_BATCH_BYTES KiB} or {net/send_buffers.ts BATCH_BYTES KiB} KiB of " +
    "blocks each, {net/send_buffers.ts KEPT_BUFFERS} of either kept; from " +
    "{net/send_buffers.ts MANY_BYTES MiB} MiB on, one block each",
    "{disk/read_ahead.ts MAX_STRETCHES} of {disk/read_ahead.ts STRETCH_BYTES KiB} KiB for all torrents",
    "{disk/open_files.ts MAX_POOLED_FILES} for reading, {disk/open_files.ts MAX_OPEN_FILES} for each thread",
    "{codec/wire/extension.ts MAX_METADATA_LENGTH MiB} MiB when it came from peers",
  ],
  "docs/events.md": [
    "up to {cli/output/buffered_output.ts FULL_LENGTH KiB} KiB of them",
    "waits beyond that, up to {cli/output/buffered_output.ts STUCK_LENGTH MiB} MiB of them",
  ],
  "docs/swarm.md": [
    "a leecher has {peer/upload/upload.ts FIRST_SLOTS word} slots while it has less than " +
    "{peer/upload/upload.ts FIRST_PIECES word} pieces itself",
  ],
  "docs/report.md": [
    "asks for blocks of {codec/torrent/merkle.ts BLOCK_LENGTH KiB} KiB",
  ],
  "docs/manual.md": [
    "{session/active_torrent.ts MAX_PEERS} is the default",
    "{peer/peers/connection_limit.ts DEFAULT_TOTAL} connections together",
    "has at most {codec/discovery/label.ts MAX_LABEL_LENGTH} bytes",
    "{client/create/share_scan.ts MAX_FILES} files, {codec/torrent/file_list.ts MAX_PATH_DEPTH} folders deep",
    "hashes of its blocks of {codec/torrent/merkle.ts BLOCK_LENGTH KiB} KiB",
    "at most {client/watch/watch_table.ts MOST_ENTRIES} entries",
  ],
  "README.md": [
    "UDP, port {codec/discovery/tracker_url.ts DEFAULT_TRACKER_PORT plain}",
    "TCP, port {net/listener.ts FIRST_PORT plain} or the next free one",
  ],
};

const WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** How a document may give a number. */
const FORMATS: Readonly<Record<string, (value: number) => string>> = {
  "": (value) => value.toLocaleString("en"),
  plain: String,
  word: (value) => WORDS[value] ?? String(value),
  s: (value) => String(value / 1000),
  "s-word": (value) => WORDS[value / 1000] ?? String(value / 1000),
  "min-word": (value) => WORDS[value / 60_000] ?? String(value / 60_000),
  KiB: (value) => String(value / 2 ** 10),
  MiB: (value) => String(value / 2 ** 20),
};

/** A passage with its numbers as the code has them. */
async function filled(passage: string): Promise<string> {
  let text = passage;
  for (const [all, path, name, format = ""] of passage.matchAll(/\{(\S+) (\w+)(?: ([\w-]+))?\}/g)) {
    const values = await constantsNamed(`lib/${path}`, name!);
    assertEquals(values.length, 1, `${name} in lib/${path}`);
    text = text.replace(all, FORMATS[format]!(values[0]!));
  }
  return text;
}

/** A document's words as one line. */
async function wordsOf(path: string): Promise<string> {
  return (await documentText(path)).replace(/\s+/g, " ");
}

for (const [path, passages] of Object.entries(PASSAGES)) {
  Deno.test(`the numbers in the prose of ${path} are the code's`, async () => {
    const words = await wordsOf(path);
    for (const passage of passages) {
      const expected = await filled(passage);
      assert(words.includes(expected), `${path} does not say: ${expected}`);
    }
  });
}

Deno.test("what a tracker keeps of a peer takes as many bytes as the documents say", async () => {
  const bytes = [3, 9].map((stride) => {
    const roster = new PeerTable(stride);
    for (let i = 0; i < 4; i++) roster.add(new Uint16Array(stride), 1, 0);
    return roster.words.byteLength / roster.length;
  });
  const [ipv4, ipv6] = bytes as [number, number];
  const passage = `${ipv4} bytes a peer over IPv4 and ${ipv6} over IPv6`;
  assert((await wordsOf("docs/architecture.md")).includes(passage), passage);
  assert((await wordsOf("docs/performance.md")).includes(`Peers are ${ipv4} bytes (IPv4)`));
});

Deno.test("every figure in the report's results stands in the document that it comes from", async () => {
  const report = await documentText("docs/report.md");
  const results = /^## 5\. Results\n([^]*?)^## /m.exec(report)![1]!;
  const sources = ["docs/performance.md", "docs/swarm.md", "docs/compatibility.md"].map(
    documentText,
  );
  const known = new Set(figuresIn((await Promise.all(sources)).join("\n")));
  const figures = figuresIn(results);
  assertEquals(figures.filter((figure) => !known.has(figure)), []);
  assertGreater(figures.length, 80);
});

/** Numbers as they stand there, with their commas and points. */
function figuresIn(text: string): string[] {
  return [...text.matchAll(/\d+(?:[.,]\d+)*/g)].map(([figure]) => figure);
}

Deno.test("the report is no longer than ten pages", async () => {
  const words = (await documentText("docs/report.md")).match(/[\p{L}\p{N}][^\s|]*/gu)!;
  assertLess(words.length, 4000);
});

Deno.test("passages name what is there, and in each way that numbers are given", async () => {
  const all = Object.values(PASSAGES).flat();
  const formats = all.flatMap((passage) =>
    [...passage.matchAll(/\{\S+ \w+(?: ([\w-]+))?\}/g)].map(([, format]) => format ?? "")
  );
  assertGreater(formats.length, 50);
  assertEquals([...new Set(formats)].sort(), Object.keys(FORMATS).sort());
  assertEquals(await filled("{session/active_torrent.ts MAX_PEERS} peers"), "100 peers");
});

Deno.test("the bounds in the page on security are those of the code", async () => {
  const tables = namedTables(await documentText("docs/security.md"));
  const rows = tables.flatMap((table) => table.kind === "constants" ? table.rows : []);
  assertGreater(rows.length, 40);
  for (const { constant, value, where } of rows) {
    const values = await constantsNamed(where!, constant!);
    assert(values.includes(Number(value)), `${constant} in ${where} is ${values}, not ${value}`);
  }
});
