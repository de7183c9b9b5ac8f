/** The cipher: known streams, and the same stream however it is cut. @module */

import { assertEquals } from "@std/assert";
import { hex, utf8 } from "../../../lib/codec/bytes.ts";
import { Rc4 } from "../../../lib/codec/wire/rc4.ts";

const permissions = "none";

Deno.test("RC4 gives the streams that are known of it", { permissions }, () => {
  const vectors = [
    ["Key", "Plaintext", "bbf316e8d940af0ad3"],
    ["Wiki", "pedia", "1021bf0420"],
    ["Secret", "Attack at dawn", "45a01f645fc35b383552544b9bf5"],
  ] as const;
  for (const [key, plain, encrypted] of vectors) {
    assertEquals(hex(new Rc4(utf8(key)).apply(utf8(plain))), encrypted);
  }
});

Deno.test(
  "a stream is the same in one piece and in many, and may begin later",
  { permissions },
  () => {
    const key = utf8("Key");
    const whole = new Rc4(key).apply(new Uint8Array(2000));
    for (const step of [1, 7, 256, 999]) {
      const cipher = new Rc4(key);
      const pieces = new Uint8Array(2000);
      for (let at = 0; at < 2000; at += step) cipher.apply(pieces.subarray(at, at + step));
      assertEquals(pieces, whole, `${step} bytes at a time`);
    }
    assertEquals(new Rc4(key, 1024).apply(new Uint8Array(976)), whole.subarray(1024));
  },
);

Deno.test("what is encrypted is decrypted by the same key", { permissions }, () => {
  const bytes = utf8("there and back again");
  assertEquals(new Rc4(utf8("k")).apply(new Rc4(utf8("k")).apply(bytes.slice())), bytes);
});
