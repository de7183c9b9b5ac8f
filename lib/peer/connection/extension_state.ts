/**
 * One connection as the extension protocol sees it (BEP 10): what the peer and we said of ourselves.
 *
 * @module
 */

/** What a peer that names no limit of its own is assumed to queue. */
export const DEFAULT_REQUEST_QUEUE = 250;

/** What extended messages told. Written by the extension protocol and the metadata fetch. */
export class ExtensionState {
  /** Extension numbers the peer chose, by name. */
  readonly ids = new Map<string, number>();
  /** How many of our requests it queues. */
  requestQueue = DEFAULT_REQUEST_QUEUE;
  /** Length of the info dictionary it can give us, or 0. */
  metadataSize = 0;
  /** It gave us the info dictionary: it is worth to come back to. */
  gaveMetadata = false;
  /** It says it will download nothing. */
  uploadOnly = false;
  /** We said that of ourselves. To be said after what we have: libtorrent leaves who has nothing for it. */
  saidUploadOnly = false;
  /** It says it is a seeder that may tell of its pieces one by one; believed in what is shown only. */
  isSuperSeeder = false;
}
