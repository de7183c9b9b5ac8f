import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Option } from "../../lib/cli/command_line/options.ts";
import { leecherProgram } from "../../lib/cli/command_line/leecher_program.ts";
import { seederProgram } from "../../lib/cli/command_line/seeder_program.ts";
import { trackerProgram } from "../../lib/cli/command_line/tracker_program.ts";
import { jsonEvent } from "../../lib/cli/output/json_events.ts";
import { errorText, namedErrorText, stallText, warningText } from "../../lib/cli/text/advice.ts";
import { sentenceFor } from "../../lib/cli/text/messages.ts";
import {
  ERROR_CODES,
  type ErrorCode,
  STALL_CODES,
  type StallCode,
  WARNING_CODES,
  type WarningCode,
} from "../../lib/error_codes.ts";
import { DownloadTimeoutError, NetworkError, ShoalError } from "../../lib/errors.ts";

const pure = { permissions: "none" } as const;

/** An option of a program is called as the library calls it, and has a flag. */
const options: Readonly<Record<string, Option<unknown>>> = {
  ...trackerProgram.options,
  ...seederProgram.options,
  ...leecherProgram.options,
};

const known = new Set(
  Object.values(options).flatMap(({ flag, short }) => [`--${flag}`, `-${short}`]),
);

function flagsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g)].map(([flag]) => flag);
}

Deno.test("what the library says of an error is followed by what to do, with flags", pure, () => {
  const cases: [ErrorCode, string, string][] = [
    [
      "port-taken",
      "port 1 is taken by another program",
      "port 1 is taken by another program: choose another with --port",
    ],
    [
      "port-forbidden",
      "no permission to listen on port 1",
      "no permission to listen on port 1: choose one above 1023 with --port",
    ],
    [
      "udp-port-taken",
      "UDP port 1 is taken, perhaps by another tracker",
      "UDP port 1 is taken, perhaps by another tracker; choose one with --port",
    ],
    [
      "page-port-taken",
      "TCP port 1 is taken",
      "TCP port 1 is taken; choose another one with --ui, or --ui off",
    ],
    [
      "no-tracker",
      "a name is looked up at a tracker",
      "a name is looked up at a tracker; give one with --tracker udp://host:6969",
    ],
    [
      "tracker-silent",
      "tracker T does not answer",
      "tracker T does not answer; start one there, or name the seeder's own with --tracker",
    ],
    ["not-a-source", "by its name alone", "by its name alone, and -o says where it goes"],
    [
      "nothing-selected",
      'the link chooses no file of "f"',
      'the link chooses no file of "f": choose some with --select',
    ],
    ["no-such-index", "there is no file 9", "there is no file 9; --list shows them"],
    [
      "not-selected",
      '"f" is not among the files to download',
      '"f" is not among the files to download: choose it with --select',
    ],
    [
      "checksum-of-folder",
      'a checksum is for single files, and "f" is a folder',
      '--checksum is for single files, and "f" is a folder',
    ],
    [
      "shares-own-torrent-file",
      "name another .torrent file to write",
      "name another .torrent file to write (-o)",
    ],
    [
      "file-replaced",
      "put in its place",
      "put in its place: remove that, or choose another place with -o, and run the same command again",
    ],
    [
      "read-only-disk",
      "f is on a read-only disk",
      "f is on a read-only disk: choose another folder with -o",
    ],
    ["path-exists", "f is there already", "f is there already: choose another place with -o"],
    ["path-too-long", "f is too long a name", "f is too long a name: choose another with -o"],
    ["file-too-large", "f is larger", "f is larger: choose another disk with -o"],
    ["name-impossible", "f is no name", "f is no name: choose another with -o"],
    [
      "other-content",
      "f exists and is something else",
      "f exists and is something else: move it, choose another place with -o, or replace it with --overwrite",
    ],
    [
      "other-download",
      "f belongs to another download",
      "f belongs to another download: move it, or replace it with --overwrite",
    ],
    [
      "symbolic-link",
      "f is a symbolic link, and links are not followed",
      "f is a symbolic link, and links are not followed: remove it, or choose another place with -o",
    ],
    ["hard-link", "would change", "would change: move it, or replace it with --overwrite"],
    [
      "output-locked",
      "another leecher is writing f",
      "another leecher is writing f: wait until it is done, or choose another place with -o",
    ],
    [
      "not-a-file",
      "f is no file, and one has to be there",
      "f is no file, and one has to be there: move it, or choose another place with -o",
    ],
    ["output-is-folder", "f is a folder", "f is a folder: choose another place with -o"],
    [
      "output-is-file",
      'f is a file, and "g" is a folder',
      'f is a file, and "g" is a folder: choose a folder for it with -o',
    ],
    [
      "parent-is-file",
      "no folder to write to",
      "no folder to write to: choose another with -o, or leave out the / at its end",
    ],
    [
      "file-for-folder",
      "f is a file, and a folder has to be there",
      "f is a file, and a folder has to be there: move it, or choose another place with -o",
    ],
    [
      "same-name",
      "the torrent",
      "the torrent; choose another disk with -o, or leave one of them out with --select",
    ],
    ["no-space", "no space left for f", "no space left for f"],
  ];
  for (const [code, said, shown] of cases) {
    assertEquals(errorText(new ShoalError(said, { code })), shown);
  }
  const hinted = Object.keys(ERROR_CODES).filter((code) =>
    new ShoalError("", { code: code as ErrorCode }).hints.length > 0
  );
  assertEquals(hinted.filter((code) => !cases.some(([tried]) => tried === code)), []);
});

Deno.test("of what an option can help, a flag is told, and every flag told is one", pure, () => {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  for (const code of codes) {
    const error = new ShoalError("a checksum", { code });
    const flags = flagsIn(errorText(error));
    assertEquals(flags.length > 0, error.hints.length > 0, code);
    for (const { option } of error.hints) assert(option in options, option);
    for (const flag of flags) assert(known.has(flag), `${code}: ${flag}`);
  }
  const stalls = Object.keys(STALL_CODES) as StallCode[];
  const warnings = Object.keys(WARNING_CODES) as WarningCode[];
  const texts = [
    ...stalls.map((code) => stallText({ code, sentence: "" })),
    ...warnings.map((code) => warningText({ code, message: "" })),
  ];
  for (const flag of texts.flatMap(flagsIn)) assert(known.has(flag), flag);
  for (const code of warnings) assertMatch(warningText({ code, message: "" }), /[ (]-/, code);
});

Deno.test("a stall says which flag helps, wherever it is shown", pure, () => {
  const sentence = "no tracker and no peer was given";
  const advised = `${sentence}; name one with --tracker or --peer`;
  const stall = { code: "no-source", sentence } as const;
  assertEquals(stallText(stall), advised);
  const event = { type: "stalled", code: "no-source", reason: sentence } as const;
  assertEquals(sentenceFor(event)?.text, `waiting: ${advised}`);
  assertEquals(jsonEvent(event), { ...event, reason: advised });
  const more: [StallCode, string, string][] = [
    ["no-local-peer", "no tracker was given", "no tracker was given; name one with --tracker"],
    ["tracker-refuses", "ask who runs it", "ask who runs it, or name another with --tracker"],
    ["tracker-fails", "check its address", "check its address, or name another with --tracker"],
    ["tracker-silent", "is it running?", "is it running?"],
  ];
  for (const [code, said, shown] of more) {
    assertEquals(stallText({ code, sentence: said }), shown);
  }
  assertEquals(
    errorText(new DownloadTimeoutError("nothing came for 5 s", stall)),
    `nothing came for 5 s; run the same command again to continue (${advised})`,
  );
  assertEquals(
    errorText(new DownloadTimeoutError("not complete after 5 s", undefined)),
    "not complete after 5 s; run the same command again to continue",
  );
});

Deno.test("a warning says which flag helps, in text and in JSON", pure, () => {
  const cases: [WarningCode, string][] = [
    ["too-many-networks", "w; --host ADDRESS names the one that is meant"],
    ["http-trackers-only", "w: name one with --tracker, or a seeder with --peer"],
    [
      "shares-torrent-file",
      "w, with -o where that lies: what is there is checked, and shared",
    ],
    ["metadata-too-long", "w: hand out the .torrent file (-o) instead"],
  ];
  for (const [code, shown] of cases) {
    const event = { type: "warning", message: "w", code } as const;
    assertEquals(sentenceFor(event)?.text, shown);
    assertEquals(jsonEvent(event), { type: "warning", message: shown });
  }
  assertEquals(jsonEvent({ type: "warning", message: "w" }), { type: "warning", message: "w" });
});

Deno.test(
  "an error that is named is one of ours with its advice, or any other as it is",
  pure,
  () => {
    const taken = new NetworkError("port 1 is taken", { code: "port-taken" });
    assertEquals(
      namedErrorText(taken),
      "NetworkError: port 1 is taken: choose another with --port",
    );
    assertEquals(namedErrorText(new TypeError("x")), "TypeError: x");
  },
);
