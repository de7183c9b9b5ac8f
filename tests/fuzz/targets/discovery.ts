/**
 * Datagrams: questions to a tracker, answers of one, and what is said on the local network.
 * @module
 */

import * as address from "../../../lib/codec/address.ts";
import { reachOf } from "../../../lib/codec/address_scope.ts";
import { concat, latin1, utf8, utf8Length } from "../../../lib/codec/bytes.ts";
import { cleanLabel, MAX_LABEL_LENGTH } from "../../../lib/codec/discovery/label.ts";
import {
  decodeLocalAnswer,
  decodeLocalQuestion,
  encodeLocalAnswer,
  encodeLocalQuestion,
} from "../../../lib/codec/discovery/local_question.ts";
import { decodeLocalSearch, encodeLocalSearch } from "../../../lib/codec/discovery/lsd.ts";
import { parseTrackerUrl } from "../../../lib/codec/discovery/tracker_url.ts";
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  peersOf,
} from "../../../lib/codec/discovery/udp_tracker.ts";
import { parseUrlData } from "../../../lib/codec/discovery/url_data.ts";
import { hostKey, networkKey } from "../../../lib/codec/network_key.ts";
import { LocalClaims } from "../../../lib/discovery/local/claims.ts";
import { OptionError, ProtocolError } from "../../../lib/errors.ts";
import { readAllowList } from "../../../lib/tracker/core/allow_list.ts";
import { readExpectedMachines } from "../../../lib/tracker/roll/expected_machines.ts";
import { Asker, trackerCore } from "../../support/tracker/tracker_asker.ts";
import { REQUESTS, RESPONSES } from "../../support/vectors/tracker_vectors.ts";
import { demand, taken, type Target } from "../fuzzer.ts";
import { type Input, u16, u32 } from "../input.ts";

const CONNECT = Uint8Array.of(0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80);
const [FIND, REACH, WHO] = [0x53480001, 0x53480002, 0x53480003];
const URL_DATA = ["/announce?dn=a%20b&xl=5", "/announce?dn=%ff%fe&xl=5", "?dn=%e2%80%ae&xl=1"]
  .concat(["/a?dn=x&xl=99999999999999999", `/a?dn=${"y".repeat(300)}&xl=1`])
  .concat([`/a?dn=z&xl=9&btmh=1220${"ab".repeat(32)}`])
  .concat(["/a?dn=z&xl=9&label=pc7&sel=4", `/a?dn=z&xl=9&label=%1b%5b31m${"%c3%a9".repeat(200)}`]);
/** A tracker never answers with more (docs/protocol.md). */
const MAX_ANSWER = 1200;

/** A request, of a client that has or has not proved its address. */
function anyRequest(input: Input, connectionId: Uint8Array): Uint8Array {
  const transaction = input.bytes(4);
  switch (input.below(8)) {
    case 0:
      return concat(CONNECT, u32(0), transaction, input.bytes(input.below(100)));
    case 1:
      return concat(connectionId, u32(2), transaction, input.bytes(20 * input.below(80)));
    case 2: {
      const name = utf8(input.pick(["", "a b", "é", "x".repeat(300)]));
      return concat(connectionId, u32(FIND), transaction, u16(name.length), name, input.bytes(4));
    }
    case 3:
      return concat(connectionId, u32(REACH), transaction, input.bytes(2));
    case 4:
      return input.bytes(input.below(300));
    case 5: {
      const from = u32(input.pick([0, 1, 5, 0xffffffff]));
      return concat(connectionId, u32(WHO), transaction, input.bytes(20), from);
    }
    default: {
      const counts = concat(input.bytes(24), u32(input.below(6)), u32(0), input.bytes(4));
      const tail = concat(u32(input.pick([0, 1, 200, 0xffffffff])), input.bytes(2));
      const ids = concat(input.bytes(20), input.bytes(20));
      return concat(connectionId, u32(1), transaction, ids, counts, tail, options(input));
    }
  }
}

/** URL data in options (BEP 41). */
function options(input: Input): Uint8Array {
  const text = utf8(input.pick(URL_DATA));
  const parts: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += 255) {
    const part = text.subarray(at, at + 255);
    parts.push(Uint8Array.of(2, part.length), part);
  }
  return concat(...parts);
}

/** A tracker that all inputs of a run go to: it fills, and forgets. */
function tracker(): Target {
  const limits = { maxPeers: 20_000, maxTorrents: 5000, maxNames: 1000, maxPeersPerAddress: 1000 };
  const core = trackerCore({ limits });
  core.rollCalls.expected = [{ label: "pc7" }, { host: "10.1.0.7" }, { label: "absent" }];
  const host = (n: number) => `10.1.${n >> 4}.${n & 15}`;
  const askers = Array.from({ length: 64 }, (_, n) => new Asker(core, host(n)));
  let nowMs = askers[0]!.nowMs;
  return {
    name: "tracker",
    run(input) {
      nowMs += input.below(50);
      const asker = input.pick(askers);
      asker.nowMs = nowMs;
      const proof = input.oneIn(50) ? asker.connect() : asker.connectionId;
      const request = anyRequest(input, proof);
      const packet = input.oneIn(3) ? input.damaged(request) : request;
      const answer = asker.send(packet);
      if (answer === undefined) return false;
      const hasProof = proof.every((byte, i) => packet[i] === byte);
      demand(answer.length <= MAX_ANSWER, `an answer of ${answer.length} bytes`);
      demand(hasProof || answer.length <= packet.length, "a stranger gets more than it sent");
      return answer[3] !== 3; // an error
    },
  };
}

const requests: Target = {
  name: "tracker requests",
  run(input) {
    const { hex } = input.pick(REQUESTS);
    const request = decodeRequest(input.damaged(fromSpacedHex(hex)));
    if (request === undefined) return false;
    demand(decodeRequest(encodeRequest(request)) !== undefined, `${hex} is not read again`);
    return true;
  },
};

const responses: Target = {
  name: "tracker answers",
  run(input) {
    const { hex, family } = input.pick(RESPONSES);
    const packet = input.damaged(fromSpacedHex(hex));
    return taken(() => {
      const response = decodeResponse(packet, family);
      if (response.type === "announce") peersOf(response.peers, family);
      decodeResponse(encodeResponse(response), family);
    }, ProtocolError);
  },
};

function fromSpacedHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

const localSearches: Target = {
  name: "local network",
  run(input) {
    const infoHashes = [input.bytes(20), ...input.several(3, () => input.bytes(20))];
    const search = { port: 1 + input.below(65_535), infoHashes, cookie: "abc" };
    const packet = encodeLocalSearch(search, input.pick([4, 6]));
    return decodeLocalSearch(input.damaged(packet)) !== undefined;
  },
};

const localQuestions: Target = {
  name: "questions of the local network",
  run(input) {
    const name = input.pick(["a b", "é", "x".repeat(255)]);
    const transactionId = input.below(1000);
    const asked = input.pick([
      { type: "findName", transactionId, name } as const,
      { type: "findTracker", transactionId } as const,
    ]);
    const packet = encodeLocalQuestion(asked).subarray(0, input.pick([12, 300, 1200]));
    const question = decodeLocalQuestion(input.damaged(packet));
    if (question === undefined) return false;
    demand(encodeLocalQuestion(question).length <= 1200, "a question that cannot be asked");
    return true;
  },
};

const localAnswers: Target = {
  name: "answers of the local network",
  run(input) {
    const entries = input.several(5, () => ({
      v1Hash: input.bytes(20),
      length: input.below(2 ** 30),
      seeders: 1,
      leechers: 0,
    }));
    const head = { transactionId: input.below(1000), port: 1 + input.below(65_535) };
    const made = entries.length === 0
      ? { type: input.pick(["trackerHere", "peerPrepares"] as const), ...head }
      : { type: "peerHas", ...head, total: entries.length, entries } as const;
    const answer = decodeLocalAnswer(input.damaged(encodeLocalAnswer(made, 1200)!));
    if (answer === undefined) return false;
    const claims = new LocalClaims();
    claims.add(answer, "10.0.0.1");
    const again = encodeLocalAnswer(answer, 1200);
    demand(again !== undefined && again.length <= 1200, "an answer that cannot be given");
    return true;
  },
};

const addresses: Target = {
  name: "addresses",
  run(input) {
    const text = input.damagedText(
      input.pick(["1.2.3.4:80", "[::1]:5", "host.example:6881", "::ffff:1.2.3.4", "fe80::1%eth0"]),
    );
    const parsed = address.parseHostPort(text);
    for (const host of [text, parsed?.host ?? ""]) {
      reachOf(host);
      hostKey(host);
      networkKey(host);
      if (!address.isIp(host)) continue;
      const ip = address.bytesToIp(address.ipToBytes(host));
      demand(address.normalizeIp(ip) === ip, `${ip} has two spellings`);
    }
    return parsed !== undefined;
  },
};

const trackerUrls: Target = {
  name: "tracker URL",
  run: (input) =>
    taken(() => {
      const url = input.pick(["udp://h:1/p?q", "udp://[::1]:6969/announce", "http://h/announce"]);
      parseTrackerUrl(input.damagedText(url));
    }, OptionError),
};

const urlData: Target = {
  name: "URL data",
  run: (input) => parseUrlData(latin1(input.damaged(utf8(input.pick(URL_DATA))))) !== undefined,
};

const labels: Target = {
  name: "labels",
  run(input) {
    const text = input.damagedText(input.pick(["pc7", "é\u202e\u001b[31m", "x".repeat(5000)]));
    const label = cleanLabel(text);
    demand(utf8Length(label) <= MAX_LABEL_LENGTH, `a label of ${utf8Length(label)} bytes`);
    demand(!/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(label), `a label steers: ${label}`);
    demand(cleanLabel(label) === label, `${label} is not clean yet`);
    return label !== "";
  },
};

const expectedLists: Target = {
  name: "list of expected machines",
  run: (input) =>
    taken(() => {
      const list = "# room 1\npc1\n10.0.0.7\nfd00::7 # by the window\nbüro-2.lab\n";
      Array.from(readExpectedMachines(input.oneIn(2) ? list : input.damagedText(list)));
    }, OptionError),
};

const allowLists: Target = {
  name: "allow list",
  run: (input) =>
    taken(() => {
      const list = `# mine\n${"ab".repeat(20)}\n\n${"cd".repeat(32)}\n`;
      Array.from(readAllowList(input.oneIn(2) ? list : input.damagedText(list)));
    }, OptionError),
};

/** All of them; the tracker is a new one. */
export function discoveryTargets(): readonly Target[] {
  return [
    tracker(),
    requests,
    responses,
    localSearches,
    localQuestions,
    localAnswers,
    addresses,
    trackerUrls,
    urlData,
    allowLists,
    labels,
    expectedLists,
  ];
}
