/**
 * A leecher written from `docs/protocol.md` alone. Bytes are kept as strings, one character for each.
 * `deno run -A tests/docs/leech.ts 127.0.0.1 6969 file.iso copy.iso` prints the copy's SHA-256. @module
 */

import { createHash, randomBytes } from "node:crypto";
const [hostname = "", port, name = "", out = ""] = Deno.args;
const BLOCK = 16_384;
const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);
const int = (value: number, size = 4): string =>
  size === 0 ? "" : int(Math.floor(value / 256), size - 1) + textOf(Uint8Array.of(value));
const intAt = (text: string, at: number, size = 4) =>
  bytesOf(text.slice(at, at + size)).reduce((sum, byte) => sum * 256 + byte, 0);
const cut = (text: string, size: number): string[] =>
  text === "" ? [] : [text.slice(0, size), ...cut(text.slice(size), size)];
const hash = (text: string, kind = "sha256") =>
  createHash(kind).update(text, "latin1").digest().toString("latin1");
function must(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise);
}

/** Section 2: the value at this position, which moves behind it. */
// deno-lint-ignore no-explicit-any
function decode(text: string, position = { at: 0 }): any {
  const [start, integer, size] = /^(?:i(-?\d+)e|(\d+):|[ld])/.exec(text.slice(position.at))!;
  position.at += start.length + Number(size ?? 0);
  if (integer !== undefined) return Number(integer);
  if (size !== undefined) return text.slice(position.at - Number(size), position.at);
  const items: string[] = [];
  while (text[position.at] !== "e") items.push(decode(text, position));
  position.at++;
  const entries = items.map((key, i) => [key, items[i + 1]]).filter((_, i) => i % 2 === 0);
  return start === "l" ? items : Object.fromEntries(entries);
}

/** Section 4: a row of hashes, filled up to `width`, in pairs up to one. */
function root(row: string[], width: number, padding = int(0, 32)): string {
  if (width === 1) return row[0]!;
  const pairs = row.flatMap((left, i) => i % 2 === 0 ? left + (row[i + 1] ?? padding) : []);
  return root(pairs.map((pair) => hash(pair)), width / 2, hash(padding + padding));
}
const widthOf = (count: number) => 2 ** Math.ceil(Math.log2(count));

// Section 5: the tracker.
const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
async function ask(connection: string, action: number, body: string): Promise<string> {
  const head = int(action) + randomBytes(4).toString("latin1");
  const packet = bytesOf(connection + head + body);
  const send = () => socket.send(packet, { transport: "udp", hostname, port: Number(port) });
  const repeating = setInterval(send, 1000);
  await send();
  let answer = "";
  while (answer.slice(4, 8) !== head.slice(4)) answer = textOf((await socket.receive())[0]);
  clearInterval(repeating);
  must(answer.startsWith(head), `the tracker says: ${answer.slice(8)}`);
  return answer.slice(8);
}
const connection = await ask(int(0x41727101980, 8), 0, "");
const text = textOf(new TextEncoder().encode(name));
const found = await ask(connection, 0x53480001, int(text.length, 2) + text);
must(intAt(found, 4, 2) > 0, `the tracker does not list ${name}`);
const isV2 = found.slice(26, 58) !== int(0, 32);
const infoHash = isV2 ? found.slice(26, 58) : found.slice(6, 26);
const peerId = "-XX0001-" + randomBytes(12).toString("latin1");
async function announce(event: number, left: number): Promise<string[]> {
  const counts = int(0, 8) + int(left, 8) + int(0, 8) + int(event) + int(0) + int(7) + int(-1);
  const body = infoHash.slice(0, 20) + peerId + counts + int(9, 2);
  return cut((await ask(connection, 1, body)).slice(12), 6);
}

// Section 6: the first peer that can be reached, and what it says.
const reach = (peer: string) =>
  Deno.connect({ hostname: bytesOf(peer.slice(0, 4)).join("."), port: intAt(peer, 4, 2) });
const conn = await Promise.any((await announce(2, 1)).map(reach));
const [reader, writer] = [conn.readable.getReader(), conn.writable.getWriter()];
conn.setNoDelay();
let [unread, isChoked] = ["", true];
async function read(length: number): Promise<string> {
  while (unread.length < length) unread += textOf((await reader.read()).value!);
  const start = unread.slice(0, length);
  unread = unread.slice(length);
  return start;
}
const write = (text: string) => void writer.write(bytesOf(text));
const say = (id: number, body = "") => write(int(1 + body.length) + int(id, 1) + body);
const offered = new Set<number>();
/** Waits for a message that begins like one of these, minding what others say of choking and pieces. */
async function hear(...starts: string[]): Promise<string> {
  const message = await read(intAt(await read(4), 0));
  const id = message === "" ? -1 : intAt(message, 0, 1);
  if (id === 0 || id === 1) isChoked = id === 0;
  if (id === 4) offered.add(intAt(message, 1));
  for (let i = 0; id === 5 && i < 8 * (message.length - 1); i++) {
    if (intAt(message, 1 + Math.floor(i / 8), 1) & 0x80 >> i % 8) offered.add(i);
  }
  return starts.some((start) => message.startsWith(start)) ? message : await hear(...starts);
}
const protocol = int(19, 1) + "BitTorrent protocol";
write(protocol + int(0x100000, 8) + infoHash.slice(0, 20) + peerId);
const greeting = await read(68);
must(greeting.startsWith(protocol) && infoHash.startsWith(greeting.slice(28, 48)), "a stranger");

// Section 7: the info dictionary.
say(20, int(0, 1) + "d1:md11:ut_metadatai1eee");
const { m: numbers, metadata_size: size } = decode((await hear(int(20, 1) + int(0, 1))).slice(2));
let info = "";
for (let i = 0; info.length < size; i++) {
  say(20, int(numbers.ut_metadata, 1) + `d8:msg_typei0e5:piecei${i}ee`);
  info += (await hear(int(20, 1) + int(1, 1))).slice(-Math.min(BLOCK, size - info.length));
}
must(hash(info, isV2 ? "sha256" : "sha1") === infoHash, "false metadata");
const torrent = decode(info);
const file = isV2 ? torrent["file tree"][torrent.name][""] : torrent;
const [pieceLength, top] = [torrent["piece length"], file["pieces root"]];
const pieceCount = Math.ceil(file.length / pieceLength);
const width = pieceCount > 1 ? pieceLength / BLOCK : widthOf(Math.ceil(file.length / BLOCK));

// Section 8: the hashes of its pieces.
const hashes = isV2 ? [top] : cut(torrent.pieces, 20);
for (let index = 0; isV2 && pieceCount > 1 && index < pieceCount; index += 512) {
  const length = Math.min(512, widthOf(pieceCount));
  const row = top + int(Math.log2(width)) + int(index) + int(length) + int(0);
  say(21, row);
  hashes.splice(index, length, ...cut((await hear(int(22, 1) + row)).slice(49), 32));
}
const all = () => root(hashes.slice(0, pieceCount), widthOf(pieceCount), root([int(0, 32)], width));
must(!isV2 || all() === top, "false hashes");

// Section 14: its pieces, one at a time, in blocks.
const pieces: string[] = Array(pieceCount).fill("");
for (say(2); pieces.includes("");) {
  const piece = pieces.findIndex((data, i) => data === "" && offered.has(i));
  if ((piece < 0 || isChoked) && await hear(int(1, 1), int(4, 1), int(5, 1))) continue;
  const blocks = cut(" ".repeat(Math.min(pieceLength, file.length - piece * pieceLength)), BLOCK);
  blocks.forEach((block, i) => say(6, int(piece) + int(i * BLOCK) + int(block.length)));
  for (let missing = blocks.length; missing > 0 && !isChoked; missing--) {
    const message = await hear(int(0, 1), int(7, 1) + int(piece));
    if (!isChoked) blocks[intAt(message, 5) / BLOCK] = message.slice(9);
  }
  if (isChoked) continue;
  const data = pieces[piece] = blocks.join("");
  const actual = isV2 ? root(blocks.map((block) => hash(block)), width) : hash(data, "sha1");
  must(actual === hashes[piece], `piece ${piece} is wrong`);
  say(4, int(piece));
}
for (const event of [1, 3]) await announce(event, 0);
await Deno.writeFile(out, bytesOf(pieces.join("")));
console.log(createHash("sha256").update(pieces.join(""), "latin1").digest("hex"));
