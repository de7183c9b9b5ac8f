/**
 * Virtual time: a timer wheel of short slots with the events that fall into each.
 *
 * Time advances slot by slot. The events of a slot run in the order in which they were scheduled. Then each
 * affected node settles once, like a program that finds several messages when it next reads its sockets. A
 * wheel costs the same with a million events as with ten.
 *
 * @module
 */

/** Receives events. */
export interface Target {
  /** Called when the event with this payload is due. */
  happen(payload: unknown): void;
}

/** Has work to do after all events of a slot. */
export interface Settler {
  /** Does that work. */
  settle(): void;
}

/** The events of one slot. Only the first `count` entries are valid, because the arrays are reused. */
interface Slot {
  readonly targets: Target[];
  readonly payloads: unknown[];
  count: number;
}

/** An event beyond the wheel, kept in a binary heap. There are few, since they are seconds away. */
interface FarEvent {
  readonly slot: number;
  readonly number: number;
  readonly target: Target;
  readonly payload: unknown;
}

const WHEEL_SLOTS = 8192;

/** Runs events in order. */
export class VirtualClock {
  /** The time of the slot that runs now, in milliseconds. */
  nowMs = 0;
  /** Number of events run so far. */
  eventCount = 0;
  /** Length of a slot in milliseconds. */
  readonly slotMs: number;
  readonly #wheel: (Slot | undefined)[] = new Array(WHEEL_SLOTS).fill(undefined);
  readonly #spare: Slot[] = [];
  readonly #far: FarEvent[] = [];
  readonly #settlers: Settler[] = [];
  #slot = 0;
  #farCount = 0;
  #stopped = false;

  /** @param slotMs Length of a slot in milliseconds. */
  constructor(slotMs: number) {
    this.slotMs = slotMs;
  }

  /** Schedules an event at `atMs`, or in the next slot if that time has passed. */
  at(atMs: number, target: Target, payload: unknown): void {
    const slot = Math.max(Math.ceil(atMs / this.slotMs), this.#slot + 1);
    if (slot - this.#slot >= WHEEL_SLOTS) {
      this.#addFar({ slot, number: this.#farCount++, target, payload });
      return;
    }
    const place = slot % WHEEL_SLOTS;
    let events = this.#wheel[place];
    if (events === undefined) {
      events = this.#spare.pop() ?? { targets: [], payloads: [], count: 0 };
      this.#wheel[place] = events;
    }
    events.targets[events.count] = target;
    events.payloads[events.count++] = payload;
  }

  /** Runs a function after `delayMs`. Meant for rare events; network events use {@link at}. */
  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, CALL, run);
  }

  /** Calls `settler` after all events of the current slot. */
  settleLater(settler: Settler): void {
    this.#settlers.push(settler);
  }

  /** Ends {@link run} after the current slot. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Advances time until {@link stop} is called or `isDone`, which is checked after each slot with events,
   * returns true. Returns false if `untilMs` is reached first.
   */
  run(untilMs: number, isDone: () => boolean = () => false): boolean {
    const last = Math.ceil(untilMs / this.slotMs);
    this.#stopped = false;
    if (isDone()) return true;
    while (this.#slot < last) {
      this.#slot++;
      if (this.#isSlotEmpty()) continue;
      this.nowMs = this.#slot * this.slotMs;
      this.#runSlot();
      if (this.#stopped || isDone()) return true;
    }
    this.nowMs = this.#slot * this.slotMs;
    return false;
  }

  #isSlotEmpty(): boolean {
    return this.#wheel[this.#slot % WHEEL_SLOTS] === undefined && this.#settlers.length === 0 &&
      !(this.#far.length > 0 && this.#far[0]!.slot <= this.#slot);
  }

  #runSlot(): void {
    while (this.#far.length > 0 && this.#far[0]!.slot <= this.#slot) {
      const { target, payload } = this.#takeFar();
      this.eventCount++;
      target.happen(payload);
    }
    const place = this.#slot % WHEEL_SLOTS;
    const events = this.#wheel[place];
    if (events !== undefined) this.#runEvents(events);
    this.#wheel[place] = undefined;
    const settlers = this.#settlers;
    for (let i = 0; i < settlers.length; i++) settlers[i]!.settle(); // the list may grow meanwhile
    settlers.length = 0;
  }

  #runEvents(events: Slot): void {
    const { targets, payloads, count } = events;
    for (let i = 0; i < count; i++) {
      targets[i]!.happen(payloads[i]);
      payloads[i] = undefined;
    }
    this.eventCount += count;
    events.count = 0;
    this.#spare.push(events);
  }

  #addFar(event: FarEvent): void {
    const heap = this.#far;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #takeFar(): FarEvent {
    const heap = this.#far;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const CALL: Target = {
  happen(payload: unknown): void {
    (payload as () => void)();
  },
};

function isBefore(a: FarEvent, b: FarEvent): boolean {
  return a.slot < b.slot || (a.slot === b.slot && a.number < b.number);
}
