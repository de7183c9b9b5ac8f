// @ts-check
/// <reference lib="dom" />
/**
 * The part of the rendering library that the page uses, with types: the file that browsers load has none.
 *
 * @module
 */

import * as preact from "/vendor/preact.js";

/**
 * @template T
 * @typedef {{Provider: unknown, value?: T}} Context
 */

/**
 * @typedef {object} Preact
 * @property {(strings: TemplateStringsArray, ...values: any[]) => unknown} html
 * @property {(tree: unknown, root: Element) => void} render
 * @property {<T>(initial: T) => Context<T>} createContext
 * @property {<T>(callback: T, inputs: unknown[]) => T} useCallback
 * @property {<T>(context: Context<T>) => T} useContext
 * @property {(effect: () => void | (() => void), inputs: unknown[]) => void} useEffect
 * @property {(effect: () => void | (() => void), inputs: unknown[]) => void} useLayoutEffect before the
 * browser paints
 * @property {<T>(make: () => T, inputs: unknown[]) => T} useMemo
 * @property {(initial: any) => {current: any}} useRef
 * @property {<T>(initial: T | (() => T)) => [T, (next: T) => void]} useState
 */

const library = /** @type {Preact} */ (/** @type {unknown} */ (preact));

export const {
  createContext,
  html,
  render,
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} = library;
