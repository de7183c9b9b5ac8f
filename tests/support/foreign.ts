/**
 * Which foreign programs this machine has. A test that needs one is skipped where it is missing, with
 * a line that says what to install; in continuous integration (CI=true) it fails instead.
 * @module
 */

export type ForeignProgram = "libtorrent" | "aria2" | "transmission";

/** The Python that Debian's python3-libtorrent belongs to; one from elsewhere cannot import it. */
export const PYTHON = "/usr/bin/python3";

interface Recipe {
  debianPackage: string;
  probe: [command: string, ...args: string[]];
}

const RECIPES: Record<ForeignProgram, Recipe> = {
  libtorrent: {
    debianPackage: "python3-libtorrent",
    probe: [PYTHON, "-c", "import libtorrent"],
  },
  aria2: { debianPackage: "aria2", probe: ["aria2c", "--version"] },
  transmission: {
    debianPackage: "transmission-daemon",
    probe: ["transmission-daemon", "--version"],
  },
};

const known = new Map<ForeignProgram, boolean>();

/** Whether the program is installed and starts. */
export function isPresent(program: ForeignProgram): boolean {
  let present = known.get(program);
  if (present === undefined) known.set(program, present = starts(RECIPES[program].probe));
  return present;
}

/** Registers a test that needs foreign programs. */
export function foreignTest(
  name: string,
  needs: ForeignProgram[],
  body: () => Promise<void>,
): void {
  const missing = needs.filter((program) => !isPresent(program));
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

function starts([command, ...args]: Recipe["probe"]): boolean {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    // Some programs exit with 1 after printing their version; only the import has to succeed.
    const { code } = new Deno.Command(command, options).outputSync();
    return code === 0 || !args.includes("-c");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
