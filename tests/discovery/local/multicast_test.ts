import { assertEquals } from "@std/assert";
import { networkTest, probe, twoNetworksTest } from "../../support/network/network.ts";

networkTest("two programs on a machine without any network hear each other", async (network) => {
  await using first = await probe(network);
  await using second = await probe(network);
  assertEquals(first.stdout, ["at 127.0.0.1 new"]);
  await first.input("send hello");
  await second.line(/^127\.0\.0\.1 hello$/);
  await first.line(/^127\.0\.0\.1 hello$/);
});

twoNetworksTest(
  "two machines without a default route hear each other over IPv4",
  async (left, right) => {
    await left.link(right, ["10.77.0.1/24"], ["10.77.0.2/24"]);
    await using first = await probe(left);
    await using second = await probe(right);
    assertEquals([first.stdout, second.stdout], [["at 10.77.0.1 new"], ["at 10.77.0.2 new"]]);
    await first.input("send hello");
    await second.line(/^10\.77\.0\.1 hello$/);
    await second.input("send and you");
    await first.line(/^10\.77\.0\.2 and you$/);
  },
);

twoNetworksTest(
  "two machines without a default route hear each other over IPv6",
  async (left, right) => {
    // Another network there: what is sent has to leave through each, not through the first.
    await left.run("ip link add other type veth peer name end && ip link set other up");
    await left.run("ip addr add fd78::1/64 dev other nodad && ip link set end up");
    await left.link(right, ["fd77::1/64"], ["fd77::2/64"]);
    await using second = await probe(right, 6);
    await using first = await probe(left, 6);
    assertEquals(first.stdout, ["at fd77::1,fd78::1 new"]);
    await first.input("send hello");
    await second.line(/^fd77::1 hello$/);
    await first.input("send-from fd78::1 not for you");
    await first.input("send-from fd77::1 for you");
    await second.line(/^fd77::1 for you$/);
    assertEquals(second.stdout.filter((line) => line.includes("not for you")), []);
  },
);

twoNetworksTest(
  "a machine in more networks than a socket can join is heard in the last one",
  async (left, right) => {
    // Bridges, which the system lists before the cable.
    const names = Array.from({ length: 22 }, (_, i) => i + 1);
    await left.run(
      names.map((i) =>
        `ip link add br${i} type veth peer name end${i} && ip link set end${i} up && ` +
        `ip link set br${i} up && ip addr add 10.78.${i}.1/24 dev br${i}`
      ).join("\n"),
    );
    await left.link(right, ["10.77.0.1/24"], ["10.77.0.2/24"]);
    await using first = await probe(left);
    await using second = await probe(right);
    await second.input("send hello");
    await first.line(/^10\.77\.0\.2 hello$/);
    await first.input("send and you");
    await second.line(/^10\.77\.0\.1 and you$/);
  },
);

twoNetworksTest("networks that come and go are noticed", async (left, right) => {
  await using first = await probe(left);
  assertEquals(first.stdout, ["at 127.0.0.1 new"]);
  await left.link(right, ["10.77.0.1/24"], ["10.77.0.2/24"]);
  await using second = await probe(right);
  await first.input("refresh");
  await first.line(/^at 10\.77\.0\.1 new$/);
  await second.input("send hello");
  await first.line(/^10\.77\.0\.2 hello$/);
  await first.input("refresh");
  await first.line(/^at 10\.77\.0\.1$/);
  await left.run("ip link del cable");
  await first.input("refresh");
  await first.line(/^at 127\.0\.0\.1 new$/, { nth: 2 });
});

networkTest("where there is no network at all nothing fails", async (network) => {
  await network.run("ip link set lo down && ip addr flush dev lo");
  for (const family of [4, 6] as const) {
    await using program = await probe(network, family);
    await program.input("send hello");
    await program.input("refresh");
    await program.line(/^at $/, { nth: 2 });
  }
});
