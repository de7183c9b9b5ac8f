// @ts-check
/// <reference lib="dom" />
/**
 * The colours of the style sheet, for what is drawn by hand, and when they change.
 *
 * @module
 */

/**
 * The value of the custom property `--NAME` now.
 * @param {string} name
 */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * Calls `draw` when the width of `element` or the colours change.
 * @param {HTMLElement} element
 * @param {() => void} draw
 * @returns {() => void} ends it
 */
export function onThemeChange(element, draw) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let width = element.clientWidth;
  const observer = new ResizeObserver(() => {
    if (element.clientWidth === width) return;
    width = element.clientWidth;
    draw();
  });
  observer.observe(element);
  dark.addEventListener("change", draw);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", draw);
  };
}
