/**
 * Torrents, links and names that a stranger wrote.
 * @module
 */

import { BencodeError, decode, encode } from "../../../lib/codec/bencode.ts";
import { equalBytes, utf8 } from "../../../lib/codec/bytes.ts";
import { formatMagnet, parseMagnet, parseSelection } from "../../../lib/codec/torrent/magnet.ts";
import { parseMetainfo } from "../../../lib/codec/torrent/metainfo.ts";
import { safeComponent, uniquePaths } from "../../../lib/codec/torrent/safe_path.ts";
import { usableWebSeeds, webSeedFileUrl, webUrl } from "../../../lib/codec/torrent/web_seed_url.ts";
import { MagnetError, TorrentError } from "../../../lib/errors.ts";
import { Layout } from "../../../lib/store/layout.ts";
import { MemoryTorrent } from "../../support/swarm/memory_torrent.ts";
import { anyTorrent, anyValue } from "../bencoding.ts";
import { demand, taken, type Target } from "../fuzzer.ts";

const NAME_MAX = 255;
const LINK_PARTS = [
  "xt=urn:btih:" + "a".repeat(40),
  "xt=urn:btih:" + "A".repeat(32),
  "xt=urn:btmh:1220" + "b".repeat(64),
  "xt.1=urn:btih:zz",
  "dn=%f0%9f%ff",
  "dn=%E2%80%AEcod.exe",
  "tr=udp%3A%2F%2Fx",
  "so=0-5,9",
  "so=0-9999",
  "so=0-4294967295",
  "so=5-1",
  "x.pe=[::1]:5",
  "x.pe=1.2.3.4:99999",
  "xl=99999999999999999999",
  "ws=http://x",
];

/** Whether this may be the name of a file or a folder, whoever chose it. */
function isHarmless(component: string): boolean {
  const isPlain = component !== "" && component !== "." && component !== "..";
  return isPlain && !/[/\0]/.test(component) && utf8(component).length <= NAME_MAX;
}

const bencode: Target = {
  name: "bencode",
  run(input) {
    const bytes = input.damaged(anyValue(input, 5));
    return taken(() => {
      const value = decode(bytes, { strict: input.oneIn(2) });
      const again = encode(value);
      demand(equalBytes(encode(decode(again, { strict: true })), again), "it is not canonical");
    }, BencodeError);
  },
};

const metainfo: Target = {
  name: "torrent",
  run(input) {
    const torrent = input.oneIn(6) ? anyValue(input, 5) : anyTorrent(input);
    const bytes = input.oneIn(2) ? torrent : input.damaged(torrent);
    return taken(() => {
      const { info } = parseMetainfo(bytes);
      demand(isHarmless(info.name), `the name ${JSON.stringify(info.name)}`);
      for (const { path } of info.files) {
        demand(path.every(isHarmless), `the path ${JSON.stringify(path)}`);
      }
      const layout = Layout.of(info);
      demand(layout.pieceCount > 0 || info.totalLength === 0, "nothing to fetch");
    }, TorrentError);
  },
};

const magnet: Target = {
  name: "magnet link",
  run(input) {
    const parts = [input.pick(LINK_PARTS), ...input.several(6, () => input.pick(LINK_PARTS))];
    const link = `magnet:?${parts.join("&")}`;
    const text = input.oneIn(2) ? link : input.damagedText(link);
    return taken(() => {
      const read = parseMagnet(text);
      const again = formatMagnet(read);
      demand(formatMagnet(parseMagnet(again)) === again, `${again} reads otherwise`);
    }, MagnetError);
  },
};

const selection: Target = {
  name: "selection",
  run(input) {
    const ranges = () => input.several(8, () => `${input.edge()}-${input.edge()}`).join(",");
    const text = input.oneIn(3) ? ranges() : "0,2-4,9";
    return taken(() => void parseSelection(input.damagedText(text)), MagnetError);
  },
};

const names: Target = {
  name: "file names",
  run(input) {
    const damaged = () =>
      input.damagedText(input.pick(["a.txt", "..", "A.TXT", "con.txt", "e\u0301"]));
    const given = [damaged(), ...input.several(6, damaged)];
    const safe = given.map((name) => [safeComponent(name, input.oneIn(4))]);
    const paths = uniquePaths(safe);
    demand(paths.every((path) => path.every(isHarmless)), JSON.stringify(given));
    demand(new Set(paths.map(String)).size === paths.length, `${JSON.stringify(given)} collide`);
    return safe.every(([name], i) => name === given[i]);
  },
};

/** A seeder that has all piece hashes of a file, and a leecher that lacks them. */
function pieceLayers(): Target {
  const [lengths, pieceLength] = [[40 * 16_384 - 9], 16_384];
  const torrent = new MemoryTorrent({ version: "v2", lengths, pieceLength });
  const only = (known: boolean) => torrent.layers(known).values().next().value!;
  const seeder = only(true);
  return {
    name: "piece layer",
    run(input) {
      const anyRange = {
        baseLayer: input.oneIn(2) ? 0 : input.below(40),
        index: input.oneIn(4) ? input.edge32() : input.below(64),
        length: input.oneIn(4) ? input.edge32() : input.pick([0, 1, 2, 4, 8, 16, 32, 3]),
        proofLayers: input.below(60),
      };
      const leecher = only(false);
      const range = input.oneIn(2) ? anyRange : input.pick([...leecher.requests()]);
      const hashes = seeder.answer(range) ?? input.bytes(32 * input.below(50));
      const answer = input.oneIn(2) ? hashes : input.damaged(hashes);
      const isProved = leecher.accept(range, answer);
      demand(!isProved || equalBytes(answer, hashes), "hashes that are wrong count as proved");
      return isProved;
    },
  };
}

const webSeeds: Target = {
  name: "web seed",
  run(input) {
    const text = input.damagedText(
      input.pick(["http://[::ffff:7f00:1]/x", "http://h/a b?c", "https://h", "http://127.1/?q"]),
    );
    const urls = usableWebSeeds([text, text]);
    const path = [input.damagedText("a.txt"), "\ud800"];
    for (const multiFile of [false, true]) {
      const info = { name: "x", multiFile, files: [{ path }] } as unknown as Parameters<
        typeof webSeedFileUrl
      >[1];
      for (const url of urls) {
        const file = new URL(webSeedFileUrl(url, info, 0));
        demand(file.host === new URL(url).host, `${file} is elsewhere`);
      }
    }
    return webUrl(text) !== undefined;
  },
};

/** All of them. */
export const torrentTargets: readonly Target[] = [
  bencode,
  metainfo,
  magnet,
  selection,
  names,
  pieceLayers(),
  webSeeds,
];
