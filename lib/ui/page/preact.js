// @ts-check
/// <reference lib="dom" />
/**
 * The part of the rendering library that the page uses, with types: the file that browsers are given
 * has none.
 *
 * @module
 */

import * as preact from "/vendor/preact.js";

/**
 * @typedef {object} Preact
 * @property {(strings: TemplateStringsArray, ...values: any[]) => unknown} html
 * @property {(tree: unknown, place: Element) => void} render
 * @property {(effect: () => void | (() => void), inputs: unknown[]) => void} useEffect
 * @property {<T>(make: () => T, inputs: unknown[]) => T} useMemo
 * @property {(initial: any) => {current: any}} useRef
 * @property {<T>(initial: T | (() => T)) => [T, (next: T) => void]} useState
 */

const library = /** @type {Preact} */ (/** @type {unknown} */ (preact));

export const { html, render, useEffect, useMemo, useRef, useState } = library;
