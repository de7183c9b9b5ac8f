/**
 * Finds out which foreign programs this machine has. A test that needs a missing one is skipped, with a
 * line that says what to install; in continuous integration (CI=true) it fails instead.
 *
 * @module
 */

export type ForeignProgram = "libtorrent" | "aria2" | "transmission" | "rtorrent" | "chromium";

/** The Python of Debian's python3-libtorrent; other Pythons cannot import it. */
export const PYTHON = "/usr/bin/python3";

/** Debian's browser; one that a user installed elsewhere is not used. */
export const CHROMIUM = "/usr/bin/chromium";

interface Recipe {
  debianPackage: string;
  /** The command that prints its version. */
  probe: [command: string, ...args: string[]];
}

const RECIPES: Record<ForeignProgram, Recipe> = {
  libtorrent: {
    debianPackage: "python3-libtorrent",
    probe: [PYTHON, "-c", "import libtorrent; print(libtorrent.version)"],
  },
  aria2: { debianPackage: "aria2", probe: ["aria2c", "--version"] },
  transmission: {
    debianPackage: "transmission-daemon",
    probe: ["transmission-daemon", "--version"],
  },
  rtorrent: { debianPackage: "rtorrent", probe: ["rtorrent", "-h"] },
  chromium: { debianPackage: "chromium", probe: [CHROMIUM, "--version"] },
};

const versions = new Map<ForeignProgram, string | undefined>();

/** The version of the program, such as `1.36.0`; `undefined` when it is not installed. */
export function versionOf(program: ForeignProgram): string | undefined {
  if (!versions.has(program)) versions.set(program, ask(RECIPES[program].probe));
  return versions.get(program);
}

/** Registers a test that needs foreign programs. */
export function foreignTest(
  name: string,
  needs: ForeignProgram[],
  body: (test: Deno.TestContext) => Promise<void>,
): void {
  const missing = needs.filter((program) => versionOf(program) === undefined);
  if (missing.length === 0) {
    Deno.test(name, body);
    return;
  }
  const packages = missing.map((program) => RECIPES[program].debianPackage).join(" ");
  const advice = `"${name}" needs ${missing.join(" and ")}: apt-get install ${packages}`;
  if (Deno.env.get("CI") === "true") {
    Deno.test(name, () => {
      throw new Error(advice);
    });
    return;
  }
  console.error(`skipped: ${advice}`);
  Deno.test({ name, ignore: true, fn: body });
}

/** The version in the first line of the probe's output, whatever its exit code: some print it and fail. */
function ask([command, ...args]: Recipe["probe"]): string | undefined {
  try {
    const { stdout, stderr } = new Deno.Command(command, { args }).outputSync();
    const [line] = new TextDecoder().decode(stdout.length > 0 ? stdout : stderr).split("\n");
    return /\d+\.\d+(\.\d+)?/.exec(line!)?.[0];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
