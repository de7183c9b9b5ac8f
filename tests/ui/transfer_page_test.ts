/**
 * How the page of a transfer learns of things: from events before and after the start, from figures once
 * it is shown.
 * @module
 */

import { assertEquals } from "@std/assert";
import type { TransferSnapshot } from "../../lib/ui/snapshot.ts";
import { TransferPage } from "../../lib/ui/transfer_page.ts";
import { details, stats } from "../support/page/page_fixtures.ts";

const ANYTHING = { search: "" };
const COUNT = 4;
const FAILED = 2;

function snapshotOf(page: TransferPage): TransferSnapshot {
  return page.view().snapshot(ANYTHING) as TransferSnapshot;
}

Deno.test("state and map of one view come from one look at the transfer", () => {
  const page = new TransferPage("leecher");
  let looks = 0;
  const pieces = { count: COUNT, inFlight: [], has: () => true, availability: () => 1 };
  page.show({
    port: 1,
    stats: () => stats(),
    details: () => {
      looks++;
      return details({ pieces });
    },
  });
  const view = page.view();
  view.snapshot(ANYTHING);
  view.snapshot({ search: "other" });
  assertEquals(view.map(ANYTHING)?.pieces, COUNT);
  assertEquals(looks, 1);
  page.close();
});

Deno.test("events reach the page by its listener, before the transfer is shown and after", () => {
  const page = new TransferPage("leecher");
  page.onEvent({ type: "lookup", name: "file.iso" });
  page.onEvent({ type: "listening", port: 6881 });
  assertEquals([snapshotOf(page).name, snapshotOf(page).port], ["file.iso", 6881]);
  page.onEvent({ type: "hashing", doneBytes: 1, totalBytes: 2 });
  assertEquals(snapshotOf(page).state, "hashing");

  const pieces = { count: COUNT, inFlight: [], has: () => false, availability: () => 1 };
  page.show({ port: 2, stats: () => stats(), details: () => details({ pieces }) });
  page.onEvent({ type: "hashing", doneBytes: 2, totalBytes: 2 });
  page.onEvent({ type: "pieceFailed", piece: FAILED, from: [] });
  assertEquals([snapshotOf(page).state, snapshotOf(page).port], ["downloading", 2]);
  const marked = [...atob(page.view().map(ANYTHING)!.state)].map((bits) => bits.charCodeAt(0) > 0);
  assertEquals(marked, Array.from({ length: COUNT }, (_, piece) => piece === FAILED));
  page.close();
});
