/**
 * Sends and receives hundreds of datagrams in one system call: `sendmmsg` and `recvmmsg` of Linux's C
 * library.
 *
 * Deno's own sockets need an operation for each packet. A load generated with them would cost as much as
 * the server under test.
 *
 * @module
 */

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const IP_PKTINFO = 8;
const MSG_DONTWAIT = 0x40;

const RECEIVE_BUFFER_BYTES = 4 * 2 ** 20;

// The structures of Linux's C library on 64-bit machines, the same on x86 and ARM.
const ADDRESS_LENGTH = 16;
const IO_VECTOR_LENGTH = 16;
/** A `cmsghdr` and an `in_pktinfo`, which sets the source address of a datagram. */
const CONTROL_LENGTH = 32;
/** A `msghdr` and the number of bytes sent or received. */
const HEADER_LENGTH = 64;
const HeaderAt = { name: 0, nameLength: 8, vectors: 16, vectorCount: 24, control: 32, bytes: 56 };

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recvmmsg: { parameters: ["i32", "buffer", "u32", "i32", "pointer"], result: "i32" },
  usleep: { parameters: ["u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** A batch of datagrams: their bytes, and the structures for the system call. */
export class DatagramBatch {
  /** Datagram `i` starts at `i * room`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly headers: Uint8Array<ArrayBuffer>;
  readonly #headers: DataView;
  readonly #vectors: BigUint64Array<ArrayBuffer>;
  readonly #controls: DataView<ArrayBuffer>;
  readonly #address = new Uint8Array(ADDRESS_LENGTH);

  /** @param room Bytes for each datagram. */
  constructor(readonly count: number, readonly room: number) {
    this.bytes = new Uint8Array(count * room);
    this.view = new DataView(this.bytes.buffer);
    this.headers = new Uint8Array(count * HEADER_LENGTH);
    this.#headers = new DataView(this.headers.buffer);
    this.#vectors = new BigUint64Array(2 * count);
    this.#controls = new DataView(new ArrayBuffer(count * CONTROL_LENGTH));
    const bytesAt = addressOf(this.bytes);
    const vectorsAt = addressOf(this.#vectors);
    for (let i = 0; i < count; i++) {
      this.#vectors[2 * i] = bytesAt + BigInt(i * room);
      this.setLength(i, room);
      const header = i * HEADER_LENGTH;
      const vector = vectorsAt + BigInt(i * IO_VECTOR_LENGTH);
      this.#headers.setBigUint64(header + HeaderAt.vectors, vector, true);
      this.#headers.setBigUint64(header + HeaderAt.vectorCount, 1n, true);
    }
  }

  /** Sets the number of bytes of datagram `i` to send. */
  setLength(i: number, length: number): void {
    this.#vectors[2 * i + 1] = BigInt(length);
  }

  /** The number of bytes received in datagram `i`. */
  lengthOf(i: number): number {
    return this.#headers.getUint32(i * HEADER_LENGTH + HeaderAt.bytes, true);
  }

  /**
   * Addresses all of them to this port of 127.0.0.1; the source addresses are those of {@link setSource}.
   */
  sendTo(port: number): void {
    new DataView(this.#address.buffer).setUint16(2, port);
    this.#address.set([AF_INET, 0]);
    this.#address.set([127, 0, 0, 1], 4);
    const controlsAt = addressOf(this.#controls);
    for (let i = 0; i < this.count; i++) {
      const header = i * HEADER_LENGTH;
      this.#headers.setBigUint64(header + HeaderAt.name, addressOf(this.#address), true);
      this.#headers.setUint32(header + HeaderAt.nameLength, ADDRESS_LENGTH, true);
      const control = controlsAt + BigInt(i * CONTROL_LENGTH);
      this.#headers.setBigUint64(header + HeaderAt.control, control, true);
      this.#headers.setBigUint64(header + HeaderAt.control + 8, BigInt(CONTROL_LENGTH), true);
      // Length of header and content, level IPPROTO_IP (0), type; the content after 16 bytes.
      this.#controls.setBigUint64(i * CONTROL_LENGTH, 28n, true);
      this.#controls.setUint32(i * CONTROL_LENGTH + 12, IP_PKTINFO, true);
    }
  }

  /** Sets the source of datagram `i` to an IPv4 address of this machine, given as 32 bits. */
  setSource(i: number, address: number): void {
    this.#controls.setUint32(i * CONTROL_LENGTH + 20, address);
  }
}

/** A UDP socket for batches. Must be closed. */
export class BatchSocket implements Disposable {
  readonly #library = Deno.dlopen("libc.so.6", SYMBOLS);
  readonly #socket: number;

  constructor() {
    this.#socket = this.#library.symbols.socket(AF_INET, SOCK_DGRAM, 0);
    if (this.#socket < 0) throw new Error("no socket");
    const size = new Uint8Array(Int32Array.of(RECEIVE_BUFFER_BYTES).buffer);
    this.#library.symbols.setsockopt(this.#socket, SOL_SOCKET, SO_RCVBUF, size, size.length);
  }

  /** Sends the first `count` of a batch. */
  send(batch: DatagramBatch, count: number): void {
    for (let sent = 0; sent < count;) {
      const rest = batch.headers.subarray(sent * HEADER_LENGTH);
      const more = this.#library.symbols.sendmmsg(this.#socket, rest, count - sent, 0);
      // The refusal is of an earlier datagram, sent before the server listened.
      sent += Math.max(0, more);
    }
  }

  /** Receives the waiting datagrams and returns their number. */
  receive(batch: DatagramBatch): number {
    const { symbols } = this.#library;
    const count = symbols.recvmmsg(this.#socket, batch.headers, batch.count, MSG_DONTWAIT, null);
    return Math.max(0, count);
  }

  /** Blocks this thread. */
  pause(microseconds: number): void {
    this.#library.symbols.usleep(microseconds);
  }

  [Symbol.dispose](): void {
    this.#library.symbols.close(this.#socket);
    this.#library.close();
  }
}

function addressOf(memory: ArrayBufferView<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory)));
}
