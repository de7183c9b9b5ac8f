// @ts-check
/// <reference lib="dom" />
/**
 * The page of a running program: follows its state and draws it for as long as it is open.
 *
 * @module
 */

import { html, render } from "./preact.js";
import { say } from "./live_region.js";
import { capitalised, plain, whole } from "./format.js";
import { Live } from "./state_stream.js";
import { titleOf } from "./overview.js";
import { TrackerView } from "./tracker_view.js";
import { TransferView } from "./transfer_view.js";

/** Typing goes on: so long after the last letter the program is asked. */
const TYPING_MS = 250;
/** What is said while the program is not heard. */
const LOST = {
  silent: "connection to the program lost, trying again",
  refused: "this address does not let in any more: the program was started anew, so open the " +
    "address that it printed then",
};
const TITLES = { leecher: "Leecher", seeder: "Seeder", tracker: "Tracker" };

const place = /** @type {HTMLElement} */ (document.getElementById("app"));

/** @type {import("../snapshot.ts").Snapshot | undefined} */
let snapshot;
/** @type {import("../snapshot.ts").PieceMap | undefined} */
let map;
/** @type {keyof typeof LOST | undefined} */
let lost;
let question = readQuestion();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;

const live = new Live({
  state: (news) => {
    snapshot = news;
    show();
  },
  map: (news) => {
    map = news;
    show();
  },
  connection: (trouble) => {
    if (trouble === lost) return;
    lost = trouble;
    if (lost !== undefined) say(LOST[lost]);
    show();
  },
});

if (document.hidden) live.hide(true);
live.ask(question);
document.addEventListener("visibilitychange", () => {
  live.hide(document.hidden);
  show();
});
addEventListener("hashchange", () => {
  question = readQuestion();
  live.ask(question);
  show();
});

/** Draws what is known; a page nobody sees only keeps its title. */
function show() {
  if (snapshot !== undefined) {
    document.title = plain(
      snapshot.program === "tracker" ? `${whole(snapshot.total)} swarms, Shoal` : titleOf(snapshot),
    );
  }
  if (!document.hidden) render(html`<${Page} />`, place);
}

function Page() {
  return html`
    <header class="top">
      <p class="brand"><span class="mark" aria-hidden="true"><i></i><i></i><i></i></span>Shoal</p>
      ${snapshot &&
        html`<p class="quiet">${TITLES[snapshot.program]} ${plain(snapshot.version)}</p>`}
    </header>
    ${lost && html`<p class="lost">${capitalised(LOST[lost])}</p>`}
    <main>${snapshot
      ? html`<${View} />`
      : html`<h1>${lost ? "Shoal" : "Asking the program…"}</h1>`}</main>
  `;
}

/** What was heard last; of which nobody knows whether it still holds while the program is not heard. */
function View() {
  const seen = lost ? { ...snapshot, tone: "stale" } : snapshot;
  if (snapshot?.program === "tracker") {
    return html`<${TrackerView} snapshot=${seen} question=${question} ask=${ask} />`;
  }
  return html`<${TransferView} snapshot=${seen} map=${map} />`;
}

/**
 * Asks something else of a tracker from now on. It stays in the address, so that it can be shared.
 * @param {import("./tracker_view.js").Question} next
 */
function ask(next) {
  clearTimeout(typing);
  typing = setTimeout(() => live.ask(question), next.q === question.q ? 0 : TYPING_MS);
  question = next;
  const given = Object.entries(next).filter(([, value]) => value !== "");
  history.replaceState(null, "", `#${new URLSearchParams(given)}`);
  show();
}

/** @returns {import("./tracker_view.js").Question} */
function readQuestion() {
  const words = new URLSearchParams(location.hash.slice(1));
  return { q: words.get("q") ?? "", swarm: words.get("swarm") ?? "" };
}
