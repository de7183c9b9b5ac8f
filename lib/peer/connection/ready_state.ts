/**
 * One connection as the ready queue sees it. Written by the queue alone.
 *
 * @module
 */

/** Where a connection is in the ready queue. */
export class ReadyState {
  /** It is among those to be polled next. */
  isQueued = false;
  /** There was nothing to ask it for. */
  isIdle = false;
  /** It has a place in the line of those that are idle, or were. */
  isInLine = false;
}
