import { assertEquals, assertThrows } from "@std/assert";
import { parseTrackerUrl } from "../../../lib/codec/discovery/tracker_url.ts";
import { OptionError } from "../../../lib/errors.ts";

const permissions = "none";

Deno.test("a tracker's URL gives host, port and path", { permissions }, () => {
  const cases: [string, string, number, string][] = [
    ["udp://tracker.example:6969", "tracker.example", 6969, ""],
    ["udp://tracker.example:80/", "tracker.example", 80, ""],
    ["UDP://10.0.0.1:1/announce?key=a%20b", "10.0.0.1", 1, "/announce?key=a%20b"],
    ["udp://[2001:db8::1]:65535/x/y", "2001:db8::1", 65535, "/x/y"],
    ["udp://localhost:6969?a=b", "localhost", 6969, "/?a=b"],
    ["udp://tracker.example.:6969", "tracker.example.", 6969, ""],
    ["udp://b\u00fccher.example:6969", "xn--bcher-kva.example", 6969, ""],
    [" udp://lab_server:6969\n", "lab_server", 6969, ""],
  ];
  for (const [text, host, port, path] of cases) {
    assertEquals(parseTrackerUrl(text), { url: text.trim(), host, port, path });
  }
});

Deno.test("an address that is not a UDP tracker's is refused with a sentence that helps", {
  permissions,
}, () => {
  const cases: [string, string][] = [
    ["http://tracker.example/announce", "only udp:// trackers are supported so far"],
    ["https://tracker.example/announce", "only udp:// trackers are supported so far"],
    ["wss://tracker.example", "write udp://host:6969"],
    ["tracker.example:6969", "write udp://host:6969"],
    ["10.0.0.1:6969", "write udp://host:6969"],
    ["", "write udp://host:6969"],
    ["udp://", "write udp://host:6969"],
    ["udp://:6969", "write udp://host:6969"],
    ["udp://a b:6969", "write udp://host:6969"],
    ["udp://host:70000", "write udp://host:6969"],
    ["udp://a%2fb:6969", "write udp://host:6969"],
    ["udp://[fe80::1]:6969", "of one link only"],
    ["udp://[fe80::1%25eth0]:6969", "of one link only"],
    ["udp://host", "lacks a port"],
    ["udp://host:0", "port 0"],
  ];
  for (const [text, sentence] of cases) {
    assertThrows(() => parseTrackerUrl(text), OptionError, sentence);
  }
});
