// @ts-check
/// <reference lib="dom" />
/**
 * The colors of the style sheet, for what is drawn on a canvas.
 *
 * @module
 */

/**
 * The present value of the custom property `--NAME`.
 * @param {string} name
 */
export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * Calls `draw` whenever the width of `element` or the color scheme changes.
 * @param {HTMLElement} element
 * @param {() => void} draw
 * @returns {() => void} stops it
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
