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
import { color, onThemeChange } from "../colors.js";

/** The spans to show. A new transfer gets the short one, or its graph would be nearly empty. */
const SPANS = [{ seconds: 60, label: "last minute" }, { seconds: 300, label: "last five minutes" }];
/** As tall as the map beside it; less on a screen that is not as wide as this, in pixels. */
const HEIGHT = { wide: 310, narrow: 160 }, NARROW = 400;
/** The scale reaches to this many bytes per second at least, or an idle graph would be all noise. */
const MIN_SCALE = 1024;
/** Steps of the scale: round numbers of bytes, KiB, MiB or GiB. */
const STEPS = [1, 2 ** 10, 2 ** 20, 2 ** 30].flatMap((unit) =>
  [1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * unit)
);

/** @typedef {import("../../snapshot.ts").TransferSnapshot} TransferSnapshot */

/**
 * Whether nothing has been transferred in the time that the graph shows.
 * @param {TransferSnapshot} snapshot
 */
export function hasNoRates({ history: { peakDown, peakUp }, downloadRate, uploadRate }) {
  return peakDown + peakUp + downloadRate + uploadRate === 0;
}

/** @param {{snapshot: TransferSnapshot}} props */
export function RateGraph({ snapshot }) {
  const { program, history, downloadRate, uploadRate } = snapshot;
  const span = spanOf(history.up.length);
  // A seeder receives nothing.
  const down = lineOf("Down", "down", downloadRate, history.peakDown);
  const up = lineOf("Up", "up", uploadRate, history.peakUp);
  const lines = program === "leecher" ? [down, up] : [up];
  return html`
    <section class="panel" aria-labelledby="rates-title">
      <h2 id="rates-title">Rates <small>${span.label}</small></h2>
      ${hasNoRates(snapshot)
        ? html`<p class="quiet">Nothing transferred yet.</p>`
        : html`<${Plot} history=${history} span=${span} lines=${lines} />`}
    </section>
  `;
}

/**
 * The rate of this moment may be no sample yet.
 * @param {string} label
 * @param {string} kind
 * @param {number} now
 * @param {number} peak
 * @returns {Line}
 */
function lineOf(label, kind, now, peak) {
  return { label, kind, now, peak: Math.max(now, peak) };
}

/**
 * @typedef {{label: string, kind: string, now: number, peak: number}} Line
 * @param {{history: TransferSnapshot["history"], span: typeof SPANS[number], lines: Line[]}} props
 */
function Plot({ history, span, lines }) {
  const container = useRef(null);
  const plot = useRef(null);
  const newest = useRef(history);
  newest.current = history;
  useEffect(() => {
    const build = () => {
      plot.current?.destroy();
      plot.current = newPlot(container.current, dataOf(newest.current), lines.length > 1);
    };
    build();
    const end = onThemeChange(container.current, build);
    return () => {
      end();
      plot.current.destroy();
    };
  }, []);
  useEffect(() => plot.current.setData(dataOf(history)), [history]);
  const summary = lines.map(({ label, now, peak }) => `${label} ${rate(now)}, peak ${rate(peak)}.`);
  return html`
    <ul class="legend rates">
      ${lines.map((line) => html`<${LegendEntry} key=${line.kind} ...${line} />`)}
    </ul>
    <div
      class="graph" ref=${container} role="img"
      aria-label=${`Graph of the ${span.label}. ${summary.join(" ")}`}
    ></div>
  `;
}

/** @param {Line} props */
function LegendEntry({ kind, label, now, peak }) {
  return html`<li>
    <span class="line ${kind}" aria-hidden="true"></span>
    ${label} <b>${rate(now)}</b> <span class="quiet">peak ${rate(peak)}</span>
  </li>`;
}

/** @param {number} seconds of which there are values */
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
 * @param {HTMLElement} container
 * @param {[number[], number[], number[]]} data
 * @param {boolean} showsDown
 */
function newPlot(container, data, showsDown) {
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = {
    stroke: color("quiet"),
    font,
    grid: { stroke: color("grid"), width: 1 },
    ticks: { show: false },
  };
  const width = Math.max(120, container.clientWidth);
  return new uPlot(
    {
      width,
      height: width < NARROW ? HEIGHT.narrow : HEIGHT.wide,
      padding: [8, 12, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: (plot) => [-spanOf(plot.data[0].length).seconds, 0] },
        y: { range: (_, __, max) => [0, Math.max(MIN_SCALE, max * 1.1)] },
      },
      axes: [
        { ...axis, incrs: [20, 60, 120], values: (_, times) => times.map(ago), size: 32, gap: 9 },
        { ...axis, incrs: STEPS, values: (_, rates) => rates.map(rate), size: 84, space: 36 },
      ],
      series: [
        {},
        {
          show: showsDown,
          stroke: color("down"),
          fill: color("down-fill"),
          width: 2,
          points: { show: false },
        },
        { stroke: color("up"), width: 2, dash: [5, 4], points: { show: false } },
      ],
    },
    data,
    container,
  );
}

/** @param {number} seconds */
function ago(seconds) {
  if (seconds === 0) return "now";
  return seconds % 60 === 0 ? `−${-seconds / 60} min` : `−${-seconds} s`;
}
