// @ts-check
/// <reference lib="dom" />
/**
 * What went down and up in the last five minutes, at first the last minute, as a graph.
 *
 * @module
 */

import { html, useEffect, useRef } from "../preact.js";
// @ts-types="npm:uplot@1.6.32"
import uPlot from "/vendor/uplot.js";
import { rate } from "../format.js";
import { colour, onThemeChange } from "../colors.js";

/** What is shown, in seconds: of a transfer that began just now five minutes would be all but empty. */
const SPANS = [{ seconds: 60, words: "last minute" }, { seconds: 300, words: "last five minutes" }];
/** As tall as the map beside it, or, on a telephone, low. */
const HEIGHT = { wide: 310, narrow: 160 }, NARROW = 400;
/** The scale never shows less than this many bytes per second, or an idle graph would be all noise. */
const SMALLEST_TOP = 1024;
/** Distances of the lines of the scale that are round numbers of bytes, KiB, MiB or GiB. */
const STEPS = [1, 2 ** 10, 2 ** 20, 2 ** 30].flatMap((unit) =>
  [1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * unit)
);

/** @typedef {import("../../snapshot.ts").TransferSnapshot} TransferSnapshot */

/**
 * Whether there is nothing to draw.
 * @param {TransferSnapshot} snapshot
 */
export function isIdle({ history: { peakDown, peakUp }, downloadRate, uploadRate }) {
  return peakDown + peakUp + downloadRate + uploadRate === 0;
}

/** @param {{snapshot: TransferSnapshot}} props */
export function RateGraph({ snapshot }) {
  const { program, history, downloadRate, uploadRate } = snapshot;
  const span = spanOf(history.up.length);
  // A seeder gets nothing; that it does not is no news.
  const down = { word: "Down", kind: "down", now: downloadRate, peak: history.peakDown };
  const up = { word: "Up", kind: "up", now: uploadRate, peak: history.peakUp };
  const lines = program === "leecher" ? [down, up] : [up];
  return html`
    <section class="panel" aria-labelledby="rates-title">
      <h2 id="rates-title">Rates <small>${span.words}</small></h2>
      ${isIdle(snapshot)
        ? html`<p class="quiet">Nothing has moved.</p>`
        : html`<${Plot} history=${history} span=${span} lines=${lines} />`}
    </section>
  `;
}

/**
 * @typedef {{word: string, kind: string, now: number, peak: number}} Line
 * @param {{history: TransferSnapshot["history"], span: typeof SPANS[number], lines: Line[]}} props
 */
function Plot({ history, span, lines }) {
  const place = useRef(null);
  const plot = useRef(null);
  const newest = useRef(history);
  newest.current = history;
  useEffect(() => {
    const build = () => {
      plot.current?.destroy();
      plot.current = newPlot(place.current, dataOf(newest.current), lines.length > 1);
    };
    build();
    const end = onThemeChange(place.current, build);
    return () => {
      end();
      plot.current.destroy();
    };
  }, []);
  useEffect(() => plot.current.setData(dataOf(history)), [history]);
  const words = lines.map(({ word, now, peak }) => `${word} ${rate(now)}, peak ${rate(peak)}.`);
  return html`
    <ul class="legend rates">
      ${lines.map((line) => html`<${Entry} key=${line.kind} ...${line} />`)}
    </ul>
    <div
      class="graph" ref=${place} role="img"
      aria-label=${`Graph of the ${span.words}. ${words.join(" ")}`}
    ></div>
  `;
}

/** @param {Line} props */
function Entry({ kind, word, now, peak }) {
  return html`<li>
    <span class="line ${kind}" aria-hidden="true"></span>
    ${word} <b>${rate(now)}</b> <span class="quiet">peak ${rate(peak)}</span>
  </li>`;
}

/** @param {number} seconds that there is something to show of */
function spanOf(seconds) {
  return SPANS.find((span) => span.seconds >= seconds) ?? /** @type {typeof SPANS[number]} */
    (SPANS.at(-1));
}

/**
 * @param {TransferSnapshot["history"]} history
 * @returns {[number[], number[], number[]]}
 */
function dataOf({ down, up, everySeconds }) {
  const points = Math.max(down.length, up.length, 1);
  const times = Array.from({ length: points }, (_, i) => (i + 1 - points) * everySeconds);
  return [times, padded(down, points), padded(up, points)];
}

/**
 * @param {readonly number[]} rates
 * @param {number} length
 */
function padded(rates, length) {
  return [...Array.from({ length: length - rates.length }, () => 0), ...rates];
}

/**
 * @param {HTMLElement} place
 * @param {[number[], number[], number[]]} data
 * @param {boolean} showsDown
 */
function newPlot(place, data, showsDown) {
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    stroke: colour("quiet"),
    font,
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { show: false },
  };
  const width = Math.max(120, place.clientWidth);
  return new uPlot(
    {
      width,
      height: width < NARROW ? HEIGHT.narrow : HEIGHT.wide,
      padding: [8, 12, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: (plot) => [-spanOf(plot.data[0].length).seconds, 0] },
        y: { range: (_, __, max) => [0, Math.max(SMALLEST_TOP, max * 1.1)] },
      },
      axes: [
        { ...axis, incrs: [20, 60, 120], values: (_, times) => times.map(ago), size: 32, gap: 9 },
        { ...axis, incrs: STEPS, values: (_, rates) => rates.map(rate), size: 84, space: 36 },
      ],
      series: [
        {},
        {
          show: showsDown,
          stroke: colour("down"),
          fill: colour("down-fill"),
          width: 2,
          points: { show: false },
        },
        { stroke: colour("up"), width: 2, dash: [5, 4], points: { show: false } },
      ],
    },
    data,
    place,
  );
}

/** @param {number} seconds */
function ago(seconds) {
  if (seconds === 0) return "now";
  return seconds % 60 === 0 ? `−${-seconds / 60} min` : `−${-seconds} s`;
}
