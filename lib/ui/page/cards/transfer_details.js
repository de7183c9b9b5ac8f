// @ts-check
/// <reference lib="dom" />
/**
 * The technical details of a transfer.
 *
 * @module
 */

import { html } from "../preact.js";
import { CollapsiblePanel, StatList, UntrustedText } from "../components.js";
import { bytes, count, integer } from "../format.js";

const REACHABILITY = {
  yes: ", reachable from the tracker",
  no: ", not reachable from the tracker: is there a firewall?",
  unknown: "",
};

/** @param {{snapshot: import("../../snapshot.ts").TransferSnapshot}} props */
export function TransferDetails({ snapshot }) {
  const { v1Hash, v2Hash, path, files, pieces, pieceLength, port, reachable } = snapshot;
  const chunks = pieces === 0 ? undefined : `${count(pieces, "chunk")} of ${bytes(pieceLength)}`;
  return html`
    <${CollapsiblePanel} id="details" title="Details">
      <${StatList} class="details" entries=${[
        ["Path", path === undefined ? undefined : html`<${UntrustedText} text=${path} />`],
        ["Files", files === undefined ? undefined : integer(files)],
        ["Chunks", chunks],
        ["Info-hash v1", v1Hash && html`<code>${v1Hash}</code>`],
        ["Info-hash v2", v2Hash && html`<code>${v2Hash}</code>`],
        ["TCP port", port === 0 ? undefined : `${port}${REACHABILITY[reachable ?? "unknown"]}`],
      ]} />
      <//>
  `;
}
