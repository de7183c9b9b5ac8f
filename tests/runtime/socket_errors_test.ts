/**
 * What the system says about sockets and paths, in words.
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { diskError } from "../../lib/disk/disk_error.ts";
import { ExitCode } from "../../lib/errors.ts";
import { describeDenial } from "../../lib/runtime/permissions.ts";
import { socketErrorText } from "../../lib/runtime/socket_errors.ts";

Deno.test("a socket's error is words, whatever its number", () => {
  const { NotCapable, ConnectionRefused, TimedOut } = Deno.errors;
  const cases: [Error, string][] = [
    [new ConnectionRefused("Connection refused (os error 111)"), "refuses connections"],
    [new TimedOut("connect"), "does not answer"],
    [
      new Error("Network is unreachable (os error 101)"),
      "this machine has no network that leads there",
    ],
    [new Error("No route to host (os error 113)"), "no machine has that address"],
    [new Error("something new (os error 999)"), "something new"],
    [
      new NotCapable('Requires net access to "10.0.0.2:6969", run again with the --allow-net flag'),
      "Deno was not permitted to use the network for 10.0.0.2:6969: add it to --allow-net, or run with -A",
    ],
  ];
  for (const [error, words] of cases) assertEquals(socketErrorText(error), words);
});

Deno.test("each permission that is missing has a sentence with its flag", () => {
  const cases = [
    ['read access to "/a"', "read /a: add it to --allow-read, or run with -A"],
    ['write access to "/a"', "write /a: add it to --allow-write, or run with -A"],
    [
      'env access to "HOME"',
      "read the environment variable HOME: add --allow-env=HOME, or run with -A",
    ],
    ["env access", "read the environment variables: add --allow-env, or run with -A"],
    [
      'sys access to "hostname"',
      "ask the system for hostname: add --allow-sys=hostname, or run with -A",
    ],
    ['run access to "ls"', "run ls: add --allow-run=ls, or run with -A"],
  ];
  for (const [access, sentence] of cases) {
    const error = new Deno.errors.NotCapable(
      `Requires ${access}, run again with the --allow-${access!.split(" ")[0]} flag`,
    );
    assertEquals(describeDenial(error), `Deno was not permitted to ${sentence}`);
  }
  const lookUp = new Error("getaddrinfo EPERM tracker.example");
  assertMatch(
    describeDenial(lookUp)!,
    /use the network for tracker\.example: add it to --allow-net/,
  );
  assertEquals(describeDenial(new Error("Requires patience")), undefined);
});

Deno.test("what a disk says is a sentence without numbers and names of errors", () => {
  const cases: [string, string, ExitCode][] = [
    ["No space left on device (os error 28)", "Error", ExitCode.diskFull],
    ["File exists (os error 17)", "AlreadyExists", ExitCode.fileExists],
    ["Not a directory (os error 20)", "NotADirectory", ExitCode.io],
    ["File name too long (os error 36)", "Error", ExitCode.io],
    ["Too many levels of symbolic links (os error 40)", "FilesystemLoop", ExitCode.io],
    ["File too large (os error 27)", "Error", ExitCode.io],
    ["Too many open files (os error 24)", "Error", ExitCode.io],
    ["Text file busy (os error 26)", "Error", ExitCode.io],
    ["Input/output error (os error 5)", "Error", ExitCode.io],
    ["EIO: i/o error, read", "Error", ExitCode.io],
    ["Read-only file system (os error 30)", "Error", ExitCode.io],
    ["Permission denied (os error 13)", "PermissionDenied", ExitCode.io],
  ];
  for (const [message, name, exitCode] of cases) {
    const error = diskError(Object.assign(new Error(message), { name }), "out/file.iso");
    assertEquals([error.exitCode, message], [exitCode, message]);
    assert(error.message.includes("out/file.iso"), error.message);
    assert(!/os error|\bE[A-Z]{2,}\b/.test(error.message), error.message);
  }
});
