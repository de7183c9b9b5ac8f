/**
 * Virtual time: a wheel of short slots with the events that fall into each.
 *
 * Time moves from slot to slot. Whatever falls into one slot happens in the order in which it was asked
 * for, and then everybody it happened to settles once, as a program does that finds several messages
 * when it next looks at its sockets. A wheel costs the same with a million events as with ten.
 *
 * @module
 */

/** Who events happen to. */
export interface Target {
  /** What was asked for with this payload is due. */
  happen(payload: unknown): void;
}

/** Who has something to do when all events of a slot are through. */
export interface Settler {
  /** Does it. */
  settle(): void;
}

/** What falls into one slot. Only the first `count` entries mean anything: memory is used again. */
interface Slot {
  readonly targets: Target[];
  readonly payloads: unknown[];
  count: number;
}

/** Events that lie beyond the wheel, as a binary heap: few, since they are seconds away. */
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
  /** How many events have happened. */
  eventCount = 0;
  /** How long a slot is, in milliseconds. */
  readonly slotMs: number;
  readonly #wheel: (Slot | undefined)[] = new Array(WHEEL_SLOTS).fill(undefined);
  readonly #spare: Slot[] = [];
  readonly #far: FarEvent[] = [];
  readonly #settlers: Settler[] = [];
  #slot = 0;
  #farCount = 0;
  #stopped = false;

  /** Nothing is to happen yet. */
  constructor(slotMs: number) {
    this.slotMs = slotMs;
  }

  /** Lets something happen at `atMs`, or in the next slot when that has passed. */
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

  /** Runs a function after `delayMs`. For what is rare: events of the network go by {@link at}. */
  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, CALL, run);
  }

  /** `settler` settles once all events of the running slot are through. */
  settleLater(settler: Settler): void {
    this.#settlers.push(settler);
  }

  /** Ends {@link run} after the running slot. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Lets time pass until {@link stop} is called or `isDone` says so, which is asked whenever something
   * has happened; false when `untilMs` came first.
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
    for (let i = 0; i < settlers.length; i++) settlers[i]!.settle(); // it may become longer meanwhile
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
