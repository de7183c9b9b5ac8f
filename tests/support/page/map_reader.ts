/// <reference lib="dom" />
/**
 * Reads the piece map off the canvas, by the colours that a person sees.
 * @module
 */

import type { Page } from "playwright-core";

/** What a cell of the map is by its colour. A cell partly verified looks verified. */
export type Seen = "verified" | "flight" | "failed" | "missing" | "something else";

/** Every cell of the map, in order: the colour of its lower right corner. */
export async function seenCells(page: Page): Promise<Seen[]> {
  await page.locator("canvas.cells").waitFor();
  return await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("canvas.cells")!;
    const [columns, pitch, size, cells] = ["columns", "pitch", "size", "cells"]
      .map((key) => Number(canvas.dataset[key])) as [number, number, number, number];
    const sheet = getComputedStyle(document.documentElement);
    const kinds = new Map(
      (["verified", "flight", "failed", "missing"] as const).map((kind) => {
        const hex = sheet.getPropertyValue(`--map-${kind}`).trim();
        return [parseInt(hex.slice(1), 16), kind];
      }),
    );
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: cells }, (_, i) => {
      const x = i % columns * pitch + size - 1;
      const y = Math.floor(i / columns) * pitch + size - 1;
      const at = 4 * (y * canvas.width + x);
      return kinds.get(data[at]! << 16 | data[at + 1]! << 8 | data[at + 2]!) ?? "something else";
    });
  });
}

/** How many cells there are of a kind. */
export function countOf(cells: readonly Seen[], kind: Seen): number {
  return cells.filter((cell) => cell === kind).length;
}
