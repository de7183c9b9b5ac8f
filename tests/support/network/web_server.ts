/**
 * A web server on 127.0.0.1 that has files and knows ranges, or misbehaves as a test tells it.
 * @module
 */

/** One request it got. */
export interface WebRequest {
  /** The path, percent-encoded as it was sent. */
  readonly path: string;
  /** First and last byte asked for; absent when the whole file was. */
  readonly range?: readonly [first: number, last: number];
}

/** What it does instead of the honest thing; undefined leaves it at that. */
export type Answering = (
  request: WebRequest,
  honest: () => Response,
  number: number,
) => Response | Promise<Response> | undefined;

/** A running web server. Dispose it. */
export class WebServer implements AsyncDisposable {
  /** `http://127.0.0.1:port` */
  readonly origin: string;
  /** What it was asked for. */
  readonly requests: WebRequest[] = [];
  /** Answers not finished yet, and the most there were at once. */
  readonly open = { now: 0, most: 0 };
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #files: Readonly<Record<string, Uint8Array>>;
  readonly #stop = new AbortController();

  /** Serves `files` by their paths as they stand in a URL, `/a%20b.bin`. */
  constructor(files: Readonly<Record<string, Uint8Array>>, answering: Answering = () => undefined) {
    this.#files = files;
    const options = {
      hostname: "127.0.0.1",
      port: 0,
      signal: this.#stop.signal,
      onListen() {},
      onError: () => new Response(null, { status: 500 }),
    };
    this.#server = Deno.serve(options, async (request) => {
      const { pathname } = new URL(request.url);
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
      const asked: WebRequest = {
        path: pathname,
        ...(range && { range: [Number(range[1]), Number(range[2])] as const }),
      };
      const number = this.requests.push(asked);
      this.open.most = Math.max(this.open.most, ++this.open.now);
      try {
        return await (answering(asked, () => this.#honest(asked), number) ?? this.#honest(asked));
      } finally {
        this.open.now--;
      }
    });
    this.origin = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Requests for file data: those for a single byte only ask whether it is there. */
  get dataRequests(): WebRequest[] {
    return this.requests.filter(({ range }) => range === undefined || range[1] > range[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#server.finished;
  }

  #honest({ path, range }: WebRequest): Response {
    const file = this.#files[path];
    if (file === undefined) return new Response("nothing here", { status: 404 });
    if (range === undefined) return new Response(copyOf(file));
    const [first, last] = range;
    const total = file.length;
    if (first >= total) {
      return new Response(null, { status: 416, headers: { "content-range": `bytes */${total}` } });
    }
    const end = Math.min(last, total - 1);
    const headers = { "content-range": `bytes ${first}-${end}/${total}` };
    return new Response(copyOf(file.subarray(first, end + 1)), { status: 206, headers });
  }
}

/** A body that comes in parts of `step` bytes, each when the reader wants more, up to `length`. */
export function bodyInParts(
  bytes: Uint8Array,
  step: number,
  length = bytes.length,
): ReadableStream {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= length) return controller.close();
      const end = Math.min(at + step, length);
      controller.enqueue(copyOf(bytes.subarray(at, end)));
      at = end;
    },
  });
}

function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
