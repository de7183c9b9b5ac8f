/**
 * Values of constants as the source says them, also of those that no module gives away.
 * @module
 */

const ROOT = new URL("../../../", import.meta.url);

/** The paths of all source files below a folder such as `lib/peer`; a file is itself. */
export async function sourcesBelow(folder: string): Promise<string[]> {
  if (/\.[jt]s$/.test(folder)) return [folder];
  const paths: string[] = [];
  for await (const { name, isFile, isDirectory } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    if (isDirectory) paths.push(...await sourcesBelow(`${folder}/${name}`));
    else if (isFile && /\.[jt]s$/.test(name)) paths.push(`${folder}/${name}`);
  }
  return paths;
}

/**
 * Every value that a constant (`const NAME = …`) or a field with a default (`name: …,`) of this name has
 * in the folder: several files may have one of their own.
 */
export async function constantsNamed(folder: string, name: string): Promise<number[]> {
  const values: number[] = [];
  const constant = new RegExp(`^(?:export )?const ${name}(?:: number)? = ([^;]+);`, "gm");
  const field = new RegExp(`^  ${name}: ([\\d_.]+),$`, "gm");
  for (const path of await sourcesBelow(folder)) {
    const text = await Deno.readTextFile(new URL(path, ROOT));
    for (const [, expression] of [...text.matchAll(constant), ...text.matchAll(field)]) {
      values.push(await valueOf(expression!));
    }
  }
  return values;
}

/** Sums and products of numbers, and of constants in `lib/codec` that are such themselves. */
async function valueOf(expression: string): Promise<number> {
  let text = expression.replaceAll("_", "").replace(/\s+/g, " ");
  if (/[A-Z]{2}/.test(text)) {
    text = expression.replace(/(?<=\d)_(?=\d)/g, "");
    for (const [name] of text.matchAll(/[A-Z][A-Z_]+/g)) {
      const [value] = await constantsNamed("lib/codec", name);
      if (value === undefined) return NaN;
      text = text.replace(name, String(value));
    }
  }
  if (!/^(0x[0-9a-f]+|[\d.]+)( (\*|\+|-) [\d.]+)*$/.test(text)) return NaN;
  return text.split(" + ").reduce((sum, product) => {
    return sum + product.split(" * ").reduce((value, factor) => value * Number(factor), 1);
  }, 0);
}
