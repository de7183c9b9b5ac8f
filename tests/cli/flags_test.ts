import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  type CommandLine,
  environmentName,
  parseCommandLine,
  type Program,
} from "../../lib/cli/command_line/flags.ts";
import { helpText } from "../../lib/cli/command_line/help.ts";
import type { Option, OptionTable, Values } from "../../lib/cli/command_line/options.ts";
import { leecherProgram } from "../../lib/cli/command_line/leecher_program.ts";
import { seederProgram } from "../../lib/cli/command_line/seeder_program.ts";
import { trackerProgram } from "../../lib/cli/command_line/tracker_program.ts";
import { ExitCode, OptionError } from "../../lib/errors.ts";

const pure = { permissions: "none" } as const;
const CHECKSUM = `sha-256=${"0".repeat(64)}`;

function parse<T extends OptionTable>(
  program: Program<T>,
  args: string[],
  environment: Record<string, string> = {},
): CommandLine<T> {
  return parseCommandLine(program, args, (name) => environment[name]);
}

function optionsOf<T extends OptionTable>(
  program: Program<T>,
  args: string[],
  environment: Record<string, string> = {},
): Values<T> {
  const commandLine = parse(program, args, environment);
  assert(commandLine.type === "run");
  return commandLine.options;
}

function refusal<T extends OptionTable>(
  program: Program<T>,
  args: string[],
  environment: Record<string, string> = {},
): string {
  const error = assertThrows(() => parse(program, args, environment), OptionError);
  assertEquals(error.exitCode, ExitCode.badOption);
  assertEquals(error.message.includes("\n"), false);
  return error.message;
}

Deno.test("only what was given is in the values", pure, () => {
  assertEquals(parse(seederProgram, ["file.iso"]), {
    type: "run",
    arguments: ["file.iso"],
    options: {},
  });
});

Deno.test("long names, short names, = and attached values mean the same", pure, () => {
  const spellings = [["--port", "7000"], ["--port=7000"], ["-p", "7000"], ["-p=7000"], ["-p7000"]];
  for (const args of spellings) {
    assertEquals(optionsOf(seederProgram, [...args, "f"]), { port: 7000 }, args.join(" "));
  }
  assertEquals(optionsOf(seederProgram, ["-ofile.torrent", "f"]), { torrentFile: "file.torrent" });
  assertEquals(optionsOf(seederProgram, ["-tudp://h:1/announce", "f"]), {
    trackers: ["udp://h:1/announce"],
  });
});

Deno.test("switches can be joined, and stand before or after the argument", pure, () => {
  const wanted = { exit: true, quiet: true } as const;
  assertEquals(optionsOf(leecherProgram, ["-eq", "x"]), wanted);
  assertEquals(optionsOf(leecherProgram, ["x", "-e", "-q"]), wanted);
  assertEquals(optionsOf(leecherProgram, ["-e", "x", "--quiet"]), wanted);
});

Deno.test("a negative number is told to be no value of its option", pure, () => {
  const ratio = refusal(seederProgram, ["--seed-ratio", "-1", "f"]);
  assertMatch(ratio, /^--seed-ratio takes .*, not "-1"$/);
  assertEquals(refusal(seederProgram, ["--seed-ratio=-1", "f"]), ratio);
  assertMatch(refusal(seederProgram, ["-p", "-.5", "f"]), /^--port takes .*, not "-\.5"$/);
  assertMatch(refusal(seederProgram, ["--no-cache", "-1", "f"]), /^there is no option -1;/);
});

Deno.test("a tracker in the environment that is none is named with its variable", pure, () => {
  assertEquals(
    refusal(leecherProgram, ["f"], { SHOAL_TRACKER: "banana" }),
    'SHOAL_TRACKER: "banana" is not a tracker address; write udp://host:6969',
  );
  assertEquals(
    refusal(leecherProgram, ["-t", "banana", "f"]),
    '"banana" is not a tracker address; write udp://host:6969',
  );
});

Deno.test("a switch does not swallow the argument after it", pure, () => {
  assertEquals(parse(leecherProgram, ["--exit", "file.iso"]), {
    type: "run",
    arguments: ["file.iso"],
    options: { exit: true },
  });
});

Deno.test("an option that may be repeated keeps all its values, others the last", pure, () => {
  assertEquals(
    optionsOf(leecherProgram, [
      "-t",
      "udp://a:1",
      "--tracker=udp://b:2",
      "-p",
      "1",
      "-p",
      "2",
      "x",
    ]),
    { trackers: ["udp://a:1", "udp://b:2"], port: 2 },
  );
});

Deno.test("what follows -- is an argument, whatever it looks like", pure, () => {
  const commandLine = parse(seederProgram, ["-q", "--", "-ofile"]);
  assertEquals(commandLine, { type: "run", arguments: ["-ofile"], options: { quiet: true } });
});

Deno.test("an argument that is a number stays the text it is", pure, () => {
  const commandLine = parse(leecherProgram, ["007"]);
  assertEquals(commandLine.type === "run" && commandLine.arguments, ["007"]);
});

Deno.test("every seeder option reaches the library under the library's name", pure, () => {
  const args =
    "-t udp://h:6969 -p 0 --host ::1 --upload-limit 2M --download-limit 500K --max-peers 9 " +
    "--format V2 -s 512K -n name -c text --private -o f.torrent --seed-time 1.5 --seed-ratio 2 " +
    "--until-copies 5 --web-seed http://w/a --web-seed=https://w/ " +
    "--announce-ip 10.0.0.2 --no-cache --no-tracker --local-discovery Off --on-done ./notify " +
    "--json --ui OFF -q -v f";
  assertEquals(optionsOf(seederProgram, args.split(" ")), {
    trackers: ["udp://h:6969"],
    port: 0,
    host: "::1",
    localDiscovery: false,
    uploadLimit: 2097152,
    downloadLimit: 512000,
    maxPeers: 9,
    format: "v2",
    pieceLength: 524288,
    name: "name",
    comment: "text",
    private: true,
    torrentFile: "f.torrent",
    seedTimeSeconds: 90,
    seedRatio: 2,
    untilCopies: 5,
    webSeeds: ["http://w/a", "https://w/"],
    onDone: "./notify",
    announceIp: "10.0.0.2",
    embeddedTracker: false,
    cache: false,
    json: true,
    ui: "off",
    quiet: true,
    verbose: 1,
  });
});

Deno.test("every leecher option reaches the library under the library's name", pure, () => {
  const digest = "AB".repeat(32);
  const args =
    `-o out --peer 10.0.0.2:6881 --peer [::1]:7 -e --seed-time 0 --seed-ratio 0.5 --verify --list ` +
    `--checksum sha-256=${digest} --timeout 30 --stall-timeout 0.5 --overwrite ` +
    "--web-seed http://w/f --select 7,0,2-4 --on-done notify --ui [::1]:8080 x";
  assertEquals(optionsOf(leecherProgram, args.split(" ")), {
    out: "out",
    peers: ["10.0.0.2:6881", "[::1]:7"],
    exit: true,
    seedTimeSeconds: 0,
    seedRatio: 0.5,
    onDone: "notify",
    verify: true,
    list: true,
    checksum: `sha-256=${digest.toLowerCase()}`,
    timeoutSeconds: 30,
    stallTimeoutSeconds: 0.5,
    overwrite: true,
    webSeeds: ["http://w/f"],
    select: [0, 2, 3, 4, 7],
    ui: { host: "::1", port: 8080 },
  });
});

Deno.test("every tracker option reaches the library under the library's name", pure, () => {
  const args = "-p 7000 --host 0.0.0.0 --interval 30 --peer-ttl 75 --max-peers 20 " +
    "--external-ip 192.0.2.1 --allow hashes.txt --check-ports --ui 0.0.0.0:0";
  assertEquals(optionsOf(trackerProgram, args.split(" ")), {
    port: 7000,
    host: "0.0.0.0",
    intervalSeconds: 30,
    peerTtlSeconds: 75,
    maxPeers: 20,
    externalIp: "192.0.2.1",
    allowFile: "hashes.txt",
    checkPorts: true,
    ui: { host: "0.0.0.0", port: 0 },
  });
});

Deno.test(
  "the page is served on an address of this machine and a port, or as one of two words says",
  pure,
  () => {
    for (const word of ["localhost:80", "AUTO", "127.0.0.1:65535"]) {
      assert(optionsOf(trackerProgram, ["--ui", word]).ui !== undefined, word);
    }
    for (
      const word of ["8080", ":8080", "example.org:80", "::1:80", "1.2.3.4", "1.2.3.4:70000", "on"]
    ) {
      assertMatch(
        refusal(trackerProgram, ["--ui", word]),
        /^--ui takes HOST:PORT with an IP address, auto or off, not /,
      );
    }
  },
);

Deno.test("auto and 0 leave the library's own default", pure, () => {
  const environment = { SHOAL_PIECE_SIZE: "64K", SHOAL_UPLOAD_LIMIT: "1M" };
  const args = ["--piece-size", "auto", "--upload-limit", "0", "f"];
  assertEquals(optionsOf(seederProgram, args, environment), {});
});

Deno.test("an unknown option is refused, and the nearest one named", pure, () => {
  assertMatch(refusal(seederProgram, ["--trakcer", "x", "f"]), /no option --trakcer.*--tracker/);
  assertMatch(
    refusal(seederProgram, ["--piecesize=4M", "f"]),
    /no option --piecesize;.*--piece-size/,
  );
  assertMatch(refusal(leecherProgram, ["--seedtime", "1"]), /--seed-time/);
  assertMatch(refusal(leecherProgram, ["--no-exit", "x"]), /--no-exit.*--exit/);
  assertMatch(refusal(seederProgram, ["-P", "7000", "f"]), /no option -P; the nearest is -p/);
  assertMatch(refusal(seederProgram, ["-qx", "f"]), /no option -x/);
  assertMatch(refusal(trackerProgram, ["--constructor"]), /no option --constructor/);
  assertMatch(refusal(trackerProgram, ["--__proto__=1"]), /no option --__proto__/);
  for (const word of ["--_", "--_=1", "--no-_", "-_", "-_x", "-v_"]) {
    assertMatch(refusal(seederProgram, [word, "f"]), /no option -.*_/, word);
  }
  assertMatch(
    refusal(trackerProgram, ["--port.x=1"]),
    /no option --port\.x; the nearest is --port/,
  );
});

Deno.test("an unknown option's own text cannot drive the terminal", pure, () => {
  assertEquals(refusal(trackerProgram, ["--\x1b[2Jx"]).includes("\x1b"), false);
});

Deno.test("a value that does not fit is refused with what would", pure, () => {
  const cases: [Program<OptionTable>, string, string, RegExp][] = [
    [
      seederProgram,
      "--port",
      "70000",
      /^--port takes a whole number from 0 to 65535, not "70000"$/,
    ],
    [seederProgram, "--port", "80.5", /whole number/],
    [seederProgram, "--port", "http", /whole number/],
    [seederProgram, "--piece-size", "500K", /power of two from 16K to 16M/],
    [seederProgram, "--piece-size", "8K", /power of two from 16K to 16M/],
    [seederProgram, "--piece-size", "32M", /power of two from 16K to 16M/],
    [seederProgram, "--piece-size", "big", /power of two from 16K to 16M/],
    [seederProgram, "--upload-limit", "fast", /rate in bytes per second/],
    [seederProgram, "--format", "v3", /one of hybrid, v1, v2/],
    [seederProgram, "--seed-ratio", "x", /a number of times the size/],
    [seederProgram, "--announce-ip", "example.org", /an IP address/],
    [seederProgram, "--announce-ip", "1.2.3.400", /an IP address/],
    [seederProgram, "--max-peers", "0", /from 1 to/],
    [seederProgram, "--local-discovery", "maybe", /on or off/],
    [seederProgram, "--tracker", "example.org:6969", /udp:\/\/host:6969/],
    [seederProgram, "--tracker", "udp://example.org", /port/],
    [seederProgram, "--tracker", "http://example.org:80/announce", /udp:\/\//],
    [seederProgram, "--until-copies", "0", /from 1 to/],
    [seederProgram, "--web-seed", "ftp://h/f", /http or https URL/],
    [leecherProgram, "--web-seed", "http://me:pw@h/f", /without a password/],
    [leecherProgram, "--peer", "10.0.0.2", /HOST:PORT/],
    [leecherProgram, "--peer", "::1:6881", /brackets/],
    [leecherProgram, "--peer", "10.0.0.2:0", /HOST:PORT/],
    [leecherProgram, "--select", "2-0", /numbers of files and ranges/],
    [leecherProgram, "--select", "a.txt", /such as 0,2-4/],
    [leecherProgram, "--checksum", "sha-256=abc", /64 hexadecimal digits/],
    [leecherProgram, "--checksum", "md5=abc", /sha-256=/],
    [leecherProgram, "--timeout", "0", /a number of seconds above 0/],
    [leecherProgram, "--timeout", "-5", /^--timeout takes a number of seconds above 0, not "-5"$/],
    [trackerProgram, "--interval", "0", /whole number from 1/],
    [trackerProgram, "--external-ip", "localhost", /an IP address/],
  ] as unknown as [Program<OptionTable>, string, string, RegExp][];
  for (const [program, flag, value, sentence] of cases) {
    assertMatch(refusal(program, [flag, value, "x"]), sentence);
  }
});

Deno.test("an option without its value is refused", pure, () => {
  assertMatch(refusal(seederProgram, ["f", "--port"]), /^--port needs a value: a whole number/);
  assertMatch(refusal(seederProgram, ["--name", "-q", "f"]), /^--name needs a value.*--name=VALUE/);
  assertMatch(refusal(seederProgram, ["--name=", "f"]), /^--name needs a value/);
  assertEquals(optionsOf(seederProgram, ["--name=-q", "f"]), { name: "-q" });
});

Deno.test("a switch with a value is refused", pure, () => {
  assertEquals(refusal(leecherProgram, ["--exit=no", "x"]), "--exit takes no value");
  assertEquals(refusal(seederProgram, ["--no-cache=1", "x"]), "--no-cache takes no value");
});

Deno.test("every option can come from the environment, and the command line wins", pure, () => {
  const environment = {
    SHOAL_PORT: "7001",
    SHOAL_TRACKER: "udp://a:1, udp://b:2",
    SHOAL_QUIET: "1",
    SHOAL_NO_CACHE: "yes",
    SHOAL_VERBOSE: "0",
    SHOAL_NAME: "",
    SHOAL_COMMENT: "two words",
  };
  assertEquals(optionsOf(seederProgram, ["f"], environment), {
    port: 7001,
    trackers: ["udp://a:1", "udp://b:2"],
    quiet: true,
    cache: false,
    comment: "two words",
  });
  const overridden = optionsOf(seederProgram, ["-p", "7002", "-t", "udp://c:3", "f"], environment);
  assertEquals([overridden.port, overridden.trackers], [7002, ["udp://c:3"]]);
});

Deno.test("a bad value in the environment is named by its variable", pure, () => {
  assertMatch(
    refusal(seederProgram, ["f"], { SHOAL_PORT: "x" }),
    /^SHOAL_PORT takes a whole number/,
  );
  assertMatch(refusal(seederProgram, ["f"], { SHOAL_QUIET: "maybe" }), /^SHOAL_QUIET takes 1 or 0/);
});

Deno.test("help and version come from the command line alone, and need no argument", pure, () => {
  assertEquals(parse(seederProgram, ["-h"]), { type: "help" });
  assertEquals(parse(leecherProgram, ["--bogus", "--help"]), { type: "help" });
  assertEquals(parse(trackerProgram, ["-V"]), { type: "version" });
  assertEquals(parse(trackerProgram, [], { SHOAL_HELP: "1" }).type, "run");
});

Deno.test("a missing or surplus argument gets a sentence with the way out", pure, () => {
  assertMatch(refusal(seederProgram, []), /which file or folder\?.*deno run -A seeder\.ts/);
  assertMatch(refusal(seederProgram, [""]), /which file or folder\?/);
  assertMatch(refusal(seederProgram, ["a.iso", ""]), /which file or folder\?/);
  assertMatch(refusal(leecherProgram, []), /magnet link/);
  assertMatch(refusal(trackerProgram, ["file.iso"]), /no argument.*"file\.iso"/);
});

Deno.test("seeder and leecher take several arguments, in their order", pure, () => {
  for (const program of [seederProgram, leecherProgram] as const) {
    const given = parse(program as unknown as Program<OptionTable>, ["b", "-q", "a", "--", "-c"]);
    assertEquals(given.type === "run" && given.arguments, ["b", "a", "-c"]);
  }
  const many = Array.from({ length: 10_001 }, (_, i) => `${i}`);
  assertMatch(refusal(leecherProgram, many), /^at most 10000 at a time: 10001 were given$/);
});

Deno.test("an option for one argument says so when there are several, or may be", pure, () => {
  const sentence = /^--(\S+) fits one (?:PATH|WHAT) only, and there may be several: leave it out/;
  const single = (program: typeof seederProgram | typeof leecherProgram, args: string[]) =>
    sentence.exec(refusal(program as unknown as Program<OptionTable>, args))?.[1];
  for (const [option, value] of [["--name", "x"], ["--torrent", "x.torrent"]] as const) {
    assertEquals(single(seederProgram, [option, value, "a", "b"]), option.slice(2));
    assertEquals(single(seederProgram, [option, value, "--watch", "d"]), option.slice(2));
    assertEquals(parse(seederProgram, [option, value, "a"]).type, "run");
  }
  for (const [option, value] of [["--select", "0"], ["--checksum", CHECKSUM]] as const) {
    assertEquals(single(leecherProgram, [option, value, "a", "b"]), option.slice(2));
    assertEquals(parse(leecherProgram, [option, value, "a"]).type, "run");
  }
  assertMatch(refusal(seederProgram, ["a", "b"], { SHOAL_NAME: "x" }), sentence);
});

Deno.test("a watched folder stands in for an argument, and there may be several", pure, () => {
  const watched = (args: string[], environment?: Record<string, string>) => {
    const given = parse(seederProgram, args, environment);
    return given.type === "run" && [given.options.watch, given.arguments];
  };
  assertEquals(watched(["--watch", "a"]), [["a"], []]);
  assertEquals(watched(["--watch", "a", "--watch=b", "c"]), [["a", "b"], ["c"]]);
  assertEquals(watched([], { SHOAL_WATCH: "/srv/a, b" }), [["/srv/a, b"], []]);
});

Deno.test("help shows every option, its variable's form, and an example", pure, () => {
  let shown = 0;
  for (const program of [seederProgram, leecherProgram, trackerProgram] as const) {
    const help = helpText(program as unknown as Program<OptionTable>, "1.2.3");
    for (const option of Object.values(program.options)) {
      assert(help.includes(`--${option.flag}`), option.flag);
      if (option.short) assert(help.includes(`-${option.short}, --${option.flag}`), option.short);
      shown++;
    }
    assertMatch(help, /1\.2\.3/);
    assertMatch(help, /SHOAL_[A-Z_]+/);
    assertMatch(help, /Examples:/);
    const widest = Math.max(...help.split("\n").map((line) => line.length));
    assert(widest <= 80, `${program.name}: ${widest}`);
  }
  assertEquals(shown, 77);
});

Deno.test("no two options of a program share a name", pure, () => {
  for (const program of [seederProgram, leecherProgram, trackerProgram] as const) {
    const options = Object.values(program.options);
    const shorts = options.flatMap(({ short }) => short === undefined ? [] : [short]);
    assertEquals(new Set(options.map(({ flag }) => flag)).size, options.length);
    assertEquals(new Set(shorts).size, shorts.length);
    for (const option of options) assertMatch(environmentName(option), /^SHOAL_[A-Z_]+$/);
  }
});

Deno.test("no option is set by what --on-done tells its program", () => {
  const names = [trackerProgram, seederProgram, leecherProgram].flatMap(({ options }) =>
    Object.values(options).map((option: Option<unknown>) => environmentName(option))
  );
  assertEquals(names.filter((name) => name.startsWith("SHOAL_DONE_")), []);
});

Deno.test("-v counts: twice in any form is more than once", pure, () => {
  const given = (args: string[], environment?: Record<string, string>) =>
    optionsOf(leecherProgram, [...args, "x"], environment).verbose;
  assertEquals(given([]), undefined);
  for (const args of [["-v"], ["--verbose"], ["-qv"]]) assertEquals(given(args), 1);
  for (const args of [["-vv"], ["-v", "-v"], ["--verbose", "-v"], ["-vvv"]]) {
    assertEquals(given(args), 2);
  }
  assertEquals([given([], { SHOAL_VERBOSE: "2" }), given([], { SHOAL_VERBOSE: "on" })], [2, 1]);
  assertEquals(given([], { SHOAL_VERBOSE: "0" }), undefined);
  const sentence = refusal(leecherProgram, ["x"], { SHOAL_VERBOSE: "loud" });
  assertEquals(sentence, 'SHOAL_VERBOSE takes a whole number from 0 to 2, not "loud"');
});
