/**
 * Deno's own cache, which moves with XDG_CACHE_HOME unless DENO_DIR tells it to stay.
 *
 * @module
 */

/** The folder in which Deno keeps its modules, for DENO_DIR. */
export async function denoFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
