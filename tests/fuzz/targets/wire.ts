/**
 * What a peer says, from its first byte on.
 * @module
 */

import { dictOf, encode } from "../../../lib/codec/bencode.ts";
import { concat, equalBytes, utf8 } from "../../../lib/codec/bytes.ts";
import * as extension from "../../../lib/codec/wire/extension.ts";
import { Framer } from "../../../lib/codec/wire/framer.ts";
import { decodeHandshake, decodeHandshakeHead } from "../../../lib/codec/wire/handshake.ts";
import { encodedLength, type Message, writeMessage } from "../../../lib/codec/wire/message.ts";
import { initiate, type MseExchange, respond } from "../../../lib/codec/wire/mse.ts";
import { hashedInfoHash } from "../../../lib/codec/wire/mse_keys.ts";
import { clientName } from "../../../lib/codec/wire/peer_id.ts";
import { decodePex } from "../../../lib/codec/wire/pex.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { anyValue } from "../bencoding.ts";
import { demand, taken, type Target } from "../fuzzer.ts";
import { type Input, u32 } from "../input.ts";

/** A block that exists in a small torrent, or any number. */
function anyRange(input: Input): Uint8Array {
  if (input.oneIn(4)) return input.bytes(12);
  return concat(u32(input.below(10)), u32(16_384 * input.below(3)), u32(16_384));
}

/** An extended handshake, metadata, peers or anything (BEP 9, 10, 11), behind the number it goes by. */
function anyExtended(input: Input): Uint8Array {
  return concat(Uint8Array.of(input.below(5)), anyExtension(input));
}

/** The message ids of BEP 3, 6, 10 and 52 with what they carry, and one that is none. */
const PAYLOADS: readonly (readonly [id: number, payload: (input: Input) => Uint8Array])[] = [
  ...[0, 1, 2, 3, 14, 15].map((id) => [id, () => new Uint8Array(0)] as const),
  ...[4, 13, 17].map((id) => [id, (input: Input) => anyRange(input).subarray(0, 4)] as const),
  ...[6, 8, 16].map((id) => [id, anyRange] as const),
  [5, (input) => input.bytes(input.oneIn(2) ? 1 : input.below(300))],
  [7, (input) => concat(anyRange(input).subarray(0, 8), input.bytes(16_384))],
  [9, (input) => input.bytes(2)],
  [20, anyExtended],
  [21, (input) => input.bytes(48)],
  [22, (input) => input.bytes(48 + 32 * input.below(40))],
  [23, (input) => input.bytes(48)],
  [99, (input) => input.bytes(input.below(50))],
];

/** A message as it stands on the wire; some lie about their length. */
export function anyMessage(input: Input): Uint8Array {
  if (input.oneIn(30)) return new Uint8Array(4); // a keep-alive
  const [id, payloadOf] = input.pick(PAYLOADS);
  const payload = input.oneIn(20) ? input.bytes(input.below(200)) : payloadOf(input);
  const told = input.oneIn(30) ? input.edge32() : payload.length + 1;
  return concat(u32(told), Uint8Array.of(id), payload);
}

/** The payload of an extension's message. */
function anyExtension(input: Input): Uint8Array {
  return input.pick([
    () =>
      encode(dictOf({
        m: dictOf({ ut_metadata: 3, ut_pex: 1, lt_donthave: input.below(300) }),
        p: input.edge32(),
        v: input.bytes(6),
        reqq: input.edge32(),
        yourip: input.bytes(input.pick([3, 4, 16])),
        metadata_size: input.edge32(),
      })),
    () => {
      const head = dictOf({ msg_type: input.below(4), piece: input.below(3), total_size: 20_000 });
      return concat(encode(head), input.bytes(input.below(17_000)));
    },
    () =>
      encode(dictOf({
        added: input.bytes(6 * input.below(300)),
        "added.f": input.bytes(input.below(100)),
        added6: input.bytes(18 * input.below(50)),
        dropped: input.bytes(input.below(60)),
      })),
    () => anyValue(input, 4),
  ])();
}

/** Messages, or the first fault among them. */
function readAll(bytes: Uint8Array, step: () => number): Message[] {
  const framer = new Framer();
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = framer.space();
    const n = Math.min(space.length, step(), bytes.length - at);
    space.set(bytes.subarray(at, at + n));
    framer.advance(n);
    at += n;
    for (let next = framer.next(); next !== undefined; next = framer.next()) {
      messages.push(structuredClone(next)); // what it holds is a view of the buffer
    }
  }
  demand(framer.capacity <= 4 * 2 ** 20, `a buffer of ${framer.capacity} bytes`);
  return messages;
}

const framer: Target = {
  name: "messages",
  run(input) {
    const sent = concat(anyMessage(input), ...input.several(8, () => anyMessage(input)));
    const bytes = input.oneIn(3) ? input.damaged(sent) : sent;
    return taken(() => {
      const whole = readAll(bytes, () => bytes.length);
      const split = readAll(bytes, () => 1 + input.below(5000));
      const written = [whole, split].map((messages) =>
        concat(...messages.map((message) => {
          const out = new Uint8Array(encodedLength(message));
          writeMessage(message, out, 0);
          return out;
        }))
      );
      demand(equalBytes(written[0]!, written[1]!), "it depends on how the bytes arrive");
    }, ProtocolError);
  },
};

const handshakes: Target = {
  name: "handshake",
  run(input) {
    const bytes = input.damaged(concat(utf8("\x13BitTorrent protocol"), input.bytes(48)));
    const isHead = taken(() => void decodeHandshakeHead(bytes), ProtocolError);
    return taken(() => void decodeHandshake(bytes), ProtocolError) && isHead;
  },
};

const extensions: Target = {
  name: "extension messages",
  run(input) {
    const payload = anyExtension(input);
    const bytes = input.oneIn(3) ? payload : input.damaged(payload);
    const decoders = [
      extension.decodeExtendedHandshake,
      extension.decodeMetadataMessage,
      extension.decodeDontHave,
      decodePex,
    ];
    return decoders.map((decode) => taken(() => void decode(bytes), ProtocolError)).some(Boolean);
  },
};

const encryption: Target = {
  name: "encrypted handshake",
  every: 20, // its arithmetic takes milliseconds
  run(input) {
    const infoHash = input.bytes(20);
    const secrets = () => ({ secret: input.bytes(20), padding: input.bytes(input.below(513)) });
    const dialling = initiate(secrets(), infoHash, input.bytes(68));
    const answering = respond(
      secrets(),
      (hashed) => equalBytes(hashedInfoHash(infoHash), hashed) ? infoHash : undefined,
    );
    const isDamaged = input.oneIn(2);
    const pass = (bytes: Uint8Array) => isDamaged && input.oneIn(3) ? input.damaged(bytes) : bytes;
    return taken(() => converse(dialling, answering, pass), ProtocolError);
  },
};

/** Lets two sides exchange what they say until neither has anything to say. */
function converse(
  a: MseExchange,
  b: MseExchange,
  pass: (bytes: Uint8Array) => Uint8Array,
): void {
  const sides = [a, b].map((side) => ({ side, next: side.next(), inbox: [] as Uint8Array[] }));
  for (let quiet = 0, turn = 0; quiet < 2; turn++) {
    const [own, other] = [sides[turn % 2]!, sides[(turn + 1) % 2]!];
    let said = 0;
    for (; !own.next.done && own.next.value !== undefined; said++) {
      other.inbox.push(own.next.value as Uint8Array);
      own.next = own.side.next();
    }
    if (!own.next.done && own.inbox.length > 0) {
      own.next = own.side.next(pass(concat(...own.inbox.splice(0))));
      said++;
    }
    quiet = said > 0 ? 0 : quiet + 1;
  }
}

const clients: Target = {
  name: "client name",
  run: (input) =>
    clientName(input.damagedText(input.pick(["-qB4630-", "A2-1-36-0-", "-SO0100-"]))) !== undefined,
};

/** All of them. */
export const wireTargets: readonly Target[] = [
  framer,
  handshakes,
  extensions,
  encryption,
  clients,
];
