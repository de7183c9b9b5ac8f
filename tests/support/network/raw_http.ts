/**
 * HTTP by hand over TCP, for what `fetch` does not do: foreign names, and reading nothing of an answer.
 * @module
 */

/** Sends a request and reads the answer to its end: the head and the body. */
export async function ask(port: number, lines: readonly string[]): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await send(conn, [...lines, "Connection: close"]);
  return await new Response(conn.readable).text();
}

/** Asks for `path` and reads nothing of what comes. Closing it is up to the caller. */
export async function askAndIgnore(port: number, path: string): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await send(conn, [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`]);
  return conn;
}

async function send(conn: Deno.TcpConn, lines: readonly string[]): Promise<void> {
  await conn.write(new TextEncoder().encode([...lines, "", ""].join("\r\n")));
}
