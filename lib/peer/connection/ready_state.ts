/**
 * The ready queue's state of one connection. Written only by the queue.
 *
 * @module
 */

/** Where a connection is in the ready queue. */
export class ReadyState {
  /** It will be polled next. */
  isQueued = false;
  /** There was nothing to request from it. */
  isIdle = false;
  /** It has an entry in the list of idle connections, even if it is not idle any more. */
  isInLine = false;
}
