/** How often one host may connect. @module */

import { assert, assertEquals } from "@std/assert";
import { AcceptLimiter } from "../../../lib/peer/peers/accept_limiter.ts";

const permissions = "none";

Deno.test({
  name: "a host that connects without end is let in ten times a second, and others as before",
  permissions,
  fn() {
    const visits = new AcceptLimiter();
    let admitted = 0;
    for (let ms = 0; ms < 60_000; ms += 10) if (visits.allow("10.0.0.1", ms)) admitted++;
    assert(admitted >= 890 && admitted <= 910, `${admitted}`);
    assert(visits.allow("10.0.0.2", 60_000));
  },
});

Deno.test({
  name: "three hundred peers behind one address come in at once",
  permissions,
  fn() {
    const visits = new AcceptLimiter();
    const admitted = Array.from({ length: 400 }, () => visits.allow("10.0.0.1", 0)).filter(Boolean);
    assertEquals(admitted.length, 300);
  },
});

Deno.test({
  name: "an IPv6 host is known by its network, however many addresses it has there",
  permissions,
  fn() {
    const visits = new AcceptLimiter();
    for (let i = 0; i < 300; i++) visits.allow(`2001:db8::${i.toString(16)}`, 0);
    assert(!visits.allow("2001:db8::ffff", 0));
    assert(visits.allow("2001:db8:0:1::1", 0));
  },
});

Deno.test({
  name: "a flood from many addresses does not fill the memory",
  permissions,
  fn() {
    const visits = new AcceptLimiter();
    for (let i = 0; i < 300; i++) visits.allow("10.0.0.1", 0);
    assert(!visits.allow("10.0.0.1", 0));
    for (let i = 0; i < 1000; i++) visits.allow(`10.1.${i >> 8}.${i & 255}`, 0);
    assert(visits.allow("10.0.0.1", 0), "it was forgotten");
  },
});
