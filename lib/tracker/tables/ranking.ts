/**
 * Keeps the members of groups ordered by how much each holds, with incremental updates.
 *
 * @module
 */

import { grown, NumberPool } from "./number_pool.ts";

/** Words of a member's record: its shelf, and its neighbours there. */
const SHELF = 0, BEFORE = 1, AFTER = 2, MEMBER_WORDS = 3;
/** Words of a shelf's record: what each of its members holds, its first and last member, its neighbours. */
const COUNT = 0, FIRST = 1, LAST = 2, HEAVIER = 3, LIGHTER = 4, SHELF_WORDS = 5;
/** Words of a group's record: its two end shelves. */
const HEAVIEST = 0, LIGHTEST = 1, GROUP_WORDS = 2;

/**
 * Finds the members of a group that hold the most and the least.
 *
 * All members of a group with the same count are on one shelf, in order of arrival, and shelves are ordered
 * by count. A count changes by one, so a member only ever moves to a neighbouring shelf. Every operation
 * takes the same short time however many members there are.
 *
 * Members and groups are numbers from 1 on, allocated by the caller; 0 means none.
 */
export class Ranking {
  #members = new Uint32Array(MEMBER_WORDS);
  #shelves = new Uint32Array(SHELF_WORDS);
  #groups = new Uint32Array(GROUP_WORDS);
  readonly #shelfNumbers = new NumberPool();

  /** The member with the highest count, of several the one that has had it longest; 0 for an empty group. */
  heaviest(group: number): number {
    const shelf = this.#groups[GROUP_WORDS * group + HEAVIEST] ?? 0;
    return shelf === 0 ? 0 : this.#shelves[SHELF_WORDS * shelf + FIRST]!;
  }

  /** The member with the lowest count, of several the one that has had it longest; 0 for an empty group. */
  lightest(group: number): number {
    const shelf = this.#groups[GROUP_WORDS * group + LIGHTEST] ?? 0;
    return shelf === 0 ? 0 : this.#shelves[SHELF_WORDS * shelf + FIRST]!;
  }

  /** The count of a member; 0 if it is in no group. */
  count(member: number): number {
    const shelf = this.#members[MEMBER_WORDS * member + SHELF] ?? 0;
    return this.#shelves[SHELF_WORDS * shelf + COUNT]!;
  }

  /** Adds one to a member's count. The first one puts it into this group. */
  raise(group: number, member: number): void {
    this.#members = grown(this.#members, MEMBER_WORDS * (member + 1));
    this.#groups = grown(this.#groups, GROUP_WORDS * (group + 1));
    const shelf = this.#members[MEMBER_WORDS * member + SHELF]!;
    const count = this.#shelves[SHELF_WORDS * shelf + COUNT]! + 1;
    const next = shelf === 0
      ? this.#groups[GROUP_WORDS * group + LIGHTEST]!
      : this.#shelves[SHELF_WORDS * shelf + HEAVIER]!;
    this.#move(group, member, shelf, count, shelf, next);
  }

  /** Subtracts one from a member's count. At zero it leaves the group. */
  lower(group: number, member: number): void {
    const shelf = this.#members[MEMBER_WORDS * member + SHELF]!;
    const count = this.#shelves[SHELF_WORDS * shelf + COUNT]! - 1;
    if (count === 0) this.#takeOff(group, member, shelf);
    else {
      const next = this.#shelves[SHELF_WORDS * shelf + LIGHTER]!;
      this.#move(group, member, shelf, count, next, shelf);
    }
  }

  /** Moves a member to the shelf for `count`, which is `lighter`, `heavier`, or a new one between them. */
  #move(
    group: number,
    member: number,
    from: number,
    count: number,
    lighter: number,
    heavier: number,
  ): void {
    const shelves = this.#shelves;
    const neighbour = from === lighter ? heavier : lighter;
    let to = neighbour;
    if (neighbour === 0 || shelves[SHELF_WORDS * neighbour + COUNT] !== count) {
      if (from !== 0 && this.#isAlone(from)) {
        shelves[SHELF_WORDS * from + COUNT] = count;
        return;
      }
      to = this.#addShelf(group, count, lighter, heavier);
    }
    if (from !== 0) this.#takeOff(group, member, from);
    this.#putOn(member, to);
  }

  #isAlone(shelf: number): boolean {
    const at = SHELF_WORDS * shelf;
    return this.#shelves[at + FIRST] === this.#shelves[at + LAST];
  }

  #addShelf(group: number, count: number, lighter: number, heavier: number): number {
    const shelf = this.#shelfNumbers.take();
    this.#shelves = grown(this.#shelves, SHELF_WORDS * (shelf + 1));
    const at = SHELF_WORDS * shelf;
    this.#shelves[at + COUNT] = count;
    this.#shelves[at + FIRST] = 0;
    this.#shelves[at + LAST] = 0;
    this.#join(group, lighter, shelf);
    this.#join(group, shelf, heavier);
    return shelf;
  }

  /** Links two shelves of a group as neighbours; 0 stands for the end of the group. */
  #join(group: number, lighter: number, heavier: number): void {
    if (lighter === 0) this.#groups[GROUP_WORDS * group + LIGHTEST] = heavier;
    else this.#shelves[SHELF_WORDS * lighter + HEAVIER] = heavier;
    if (heavier === 0) this.#groups[GROUP_WORDS * group + HEAVIEST] = lighter;
    else this.#shelves[SHELF_WORDS * heavier + LIGHTER] = lighter;
  }

  #putOn(member: number, shelf: number): void {
    const at = MEMBER_WORDS * member;
    const last = this.#shelves[SHELF_WORDS * shelf + LAST]!;
    this.#members[at + SHELF] = shelf;
    this.#members[at + BEFORE] = last;
    this.#members[at + AFTER] = 0;
    if (last === 0) this.#shelves[SHELF_WORDS * shelf + FIRST] = member;
    else this.#members[MEMBER_WORDS * last + AFTER] = member;
    this.#shelves[SHELF_WORDS * shelf + LAST] = member;
  }

  /** Takes a member off its shelf; removes the shelf if that was its last member. */
  #takeOff(group: number, member: number, shelf: number): void {
    const at = MEMBER_WORDS * member;
    const before = this.#members[at + BEFORE]!, after = this.#members[at + AFTER]!;
    this.#members[at + SHELF] = 0;
    const shelfAt = SHELF_WORDS * shelf;
    if (before === 0) this.#shelves[shelfAt + FIRST] = after;
    else this.#members[MEMBER_WORDS * before + AFTER] = after;
    if (after === 0) this.#shelves[shelfAt + LAST] = before;
    else this.#members[MEMBER_WORDS * after + BEFORE] = before;
    if (this.#shelves[shelfAt + FIRST] !== 0) return;
    this.#join(group, this.#shelves[shelfAt + LIGHTER]!, this.#shelves[shelfAt + HEAVIER]!);
    this.#shelfNumbers.give(shelf);
  }
}
