import { assertEquals } from "@std/assert";
import { type InterfaceAddress, ranked } from "../../lib/runtime/address_rank.ts";
import { routeClues } from "../../lib/runtime/route_clues.ts";

const pure = { permissions: "none" } as const;

/** Addresses from `name address` lines. */
function addresses(...lines: string[]): InterfaceAddress[] {
  return lines.map((line) => {
    const [name, address] = line.split(" ") as [string, string];
    return { name, address, family: address.includes(":") ? "IPv6" : "IPv4" };
  });
}

/** The order in which they are tried, by what the files of a Linux machine say. */
function order(given: InterfaceAddress[], files: Record<string, string> = {}): string[] {
  const clues = routeClues(given.map(({ name }) => name), (path) => files[path]);
  return ranked(given, clues).map(({ address }) => address);
}

/** The routing table of IPv4, with a default route by each of these interfaces. */
function routes(...defaults: [name: string, metric: number][]): Record<string, string> {
  const lines = defaults.map(([name, metric]) =>
    `${name}\t00000000\t0300090A\t0003\t0\t0\t${metric}\t00000000\t0\t0\t0   `
  );
  const head =
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
  const bridge = "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0";
  return { "/proc/net/route": [head, bridge, ...lines, ""].join("\n") };
}

const zeros = "0".repeat(32);
/** A default route of IPv6 by `name`; and two of the kind that refuses everything. */
function routesOfIPv6(name: string): Record<string, string> {
  const line = (prefix: string, flags: string, via: string) =>
    `${zeros} ${prefix} ${zeros} 00 ${zeros} 00000400 00000001 00000000 ${flags} ${
      via.padStart(8)
    }`;
  const lines = [line("00", "00200200", "lo"), line("00", "00000003", name)];
  return { "/proc/net/ipv6_route": lines.join("\n") };
}

Deno.test("the address by which a default route leaves is named first", pure, () => {
  const given = addresses("docker0 172.17.0.1", "eth1 10.8.0.2", "eth0 10.9.0.2");
  assertEquals(order(given, routes(["eth0", 100])), ["10.9.0.2", "10.8.0.2", "172.17.0.1"]);
  const both = routes(["eth1", 600], ["eth0", 100]);
  assertEquals(order(given, both), ["10.9.0.2", "10.8.0.2", "172.17.0.1"], "the lower metric wins");
  const wifi = routes(["eth1", 50], ["eth0", 100]);
  assertEquals(order(given, wifi)[0], "10.8.0.2");
});

Deno.test(
  "what only serves containers or a tunnel comes after a cable, without any hint as well",
  pure,
  () => {
    for (
      const name of [
        "docker0",
        "br-0a1b2c3d4e5f",
        "virbr0",
        "veth12ab",
        "cni0",
        "tun0",
        "wg0",
        "ztabc",
      ]
    ) {
      const given = addresses(`${name} 172.17.0.1`, "enp3s0 10.9.0.2");
      assertEquals(order(given), ["10.9.0.2", "172.17.0.1"], name);
    }
    const bridged = addresses("docker0 172.17.0.1", "br0 10.9.0.2", "br-lan 10.9.0.3");
    assertEquals(
      order(bridged),
      ["10.9.0.2", "10.9.0.3", "172.17.0.1"],
      "some bridges are the LAN",
    );
    const vpn = addresses("tun0 10.200.0.2", "eth0 192.168.1.5");
    assertEquals(order(vpn, routes(["tun0", 0])), ["192.168.1.5", "10.200.0.2"]);
    const alone = addresses("docker0 172.17.0.1", "tun0 10.200.0.2");
    assertEquals(order(alone, routes(["docker0", 0])), ["172.17.0.1", "10.200.0.2"]);
  },
);

Deno.test(
  "an interface without a carrier comes last, by what the system says of it or by what it lacks",
  pure,
  () => {
    const given = addresses("lan9 10.8.0.1", "lan0 10.9.0.2");
    const files = {
      "/proc/net/route": "",
      "/sys/class/net/lan9/operstate": "lowerlayerdown\n",
      "/sys/class/net/lan0/operstate": "up\n",
    };
    assertEquals(order(given, files), ["10.9.0.2", "10.8.0.1"]);
    // An interface takes its own link-local address only once there is a carrier.
    const linked = [...given, ...addresses("lan0 fe80::1")];
    assertEquals(order(linked).slice(0, 2), ["10.9.0.2", "fe80::1"]);
  },
);

Deno.test(
  "IPv4 comes before IPv6 of the same network, not before that of a better one",
  pure,
  () => {
    const both = addresses("eth0 2001:db8::5", "eth0 fd00::5", "eth0 192.0.2.5");
    assertEquals(order(both), ["192.0.2.5", "2001:db8::5", "fd00::5"]);
    const ipv6Alone = addresses("docker0 172.17.0.1", "eth0 2001:db8::5");
    assertEquals(order(ipv6Alone)[0], "2001:db8::5");
    const routed = addresses("eth1 10.1.0.2", "eth0 2001:db8::5");
    assertEquals(order(routed, routesOfIPv6("eth0"))[0], "2001:db8::5");
    assertEquals(order(routed, routesOfIPv6("lo"))[0], "10.1.0.2");
  },
);

Deno.test("an address that stays is named before one that is soon given up", pure, () => {
  const given = addresses(
    "eth0 2001:db8::bad",
    "eth0 2001:db8::dead",
    "eth0 2001:db8::5",
    "eth0 fd00::5",
  );
  const row = (address: string, flags: string) => `${address} 03 40 00 ${flags}     eth0`;
  const table = [
    row("20010db8000000000000000000000bad", "01"),
    row("20010db800000000000000000000dead", "20"),
    row("20010db8000000000000000000000005", "80"),
  ].join("\n");
  const sorted = order(given, { "/proc/net/if_inet6": table });
  assertEquals(sorted, ["2001:db8::5", "fd00::5", "2001:db8::bad", "2001:db8::dead"]);
  const noLease = addresses("eth0 169.254.7.7", "docker0 172.17.0.1");
  assertEquals(order(noLease), ["172.17.0.1", "169.254.7.7"]);
});

Deno.test("files of the system that make no sense are as good as none", pure, () => {
  const given = addresses("eth0 10.9.0.2", "eth1 10.8.0.2");
  const nonsense = {
    "/proc/net/route": "x\ny z\n",
    "/proc/net/ipv6_route": "\n\n",
    "/proc/net/if_inet6": "1 2",
  };
  assertEquals(order(given, nonsense), ["10.9.0.2", "10.8.0.2"]);
});
