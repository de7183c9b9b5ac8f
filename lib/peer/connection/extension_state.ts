/**
 * The extension protocol's state of one connection (BEP 10): what both sides said of themselves.
 *
 * @module
 */

/** Assumed request queue of a peer that does not announce `reqq`. */
export const DEFAULT_REQUEST_QUEUE = 250;

/** What extended messages said. Written by the extension protocol and the metadata fetch. */
export class ExtensionState {
  /** The message ids the peer chose, by extension name. */
  readonly ids = new Map<string, number>();
  /** How many of our requests the peer queues. */
  requestQueue = DEFAULT_REQUEST_QUEUE;
  /** Length of the info dictionary the peer can send, or 0. */
  metadataSize = 0;
  /** The peer sent us the info dictionary, so it is worth reconnecting to. */
  gaveMetadata = false;
  /** The peer says that it will not download anything. */
  uploadOnly = false;
  /**
   * We told the peer that we are upload-only. Must be sent after our pieces, because libtorrent disconnects
   * an upload-only peer that has none.
   */
  saidUploadOnly = false;
  /** The peer says it is a seed that may announce pieces one by one. We trust only the announced pieces. */
  isSuperSeeder = false;
}
