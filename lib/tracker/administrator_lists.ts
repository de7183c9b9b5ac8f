/**
 * The lists that an administrator gives a tracker: the torrents it serves, and the machines that should have
 * them.
 *
 * @module
 */

import { readAllowList } from "./core/allow_list.ts";
import { ListFile } from "./list_file.ts";
import { type ExpectedMachine, readExpectedMachines } from "./roll/expected_machines.ts";

/** The parts of a tracker that the lists change. */
export interface Listed {
  /** See {@link TrackerCore.allow}. */
  allow: ReadonlySet<string> | undefined;
  readonly rollCalls: { expected: readonly ExpectedMachine[] };
}

/** Paths of lists; an absent one does not limit anything. */
interface ListPaths {
  readonly allowFile?: string | undefined;
  readonly expectFile?: string | undefined;
}

/** The lists as they are on disk. */
export class AdministratorLists {
  readonly #allowed: ListFile<ReadonlySet<string>> | undefined;
  readonly #expected: ListFile<ExpectedMachine[]> | undefined;

  /** Reads nothing yet. */
  constructor({ allowFile, expectFile }: ListPaths) {
    this.#allowed = allowFile === undefined
      ? undefined
      : new ListFile(allowFile, { what: "the list of allowed torrents", read: readAllowList });
    this.#expected = expectFile === undefined ? undefined : new ListFile(expectFile, {
      what: "the list of expected machines",
      read: readExpectedMachines,
    });
  }

  /**
   * Reads what has changed, and applies it to a tracker.
   *
   * @throws {OptionError} if a file cannot be read or is malformed
   */
  async read(tracker: Listed): Promise<void> {
    await this.#readAllowed(tracker);
    await this.#readExpected(tracker);
  }

  /** Reads what has changed, and applies it. Calls `warn` for each list that cannot be used. */
  async refresh(tracker: Listed, warn: (message: string) => void): Promise<void> {
    for (const read of [this.#readAllowed, this.#readExpected]) {
      try {
        await read.call(this, tracker);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        warn(`${reason}; the list from before stays in force`);
      }
    }
  }

  async #readAllowed(tracker: Listed): Promise<void> {
    tracker.allow = await this.#allowed?.readIfChanged() ?? tracker.allow;
  }

  async #readExpected({ rollCalls }: Listed): Promise<void> {
    rollCalls.expected = await this.#expected?.readIfChanged() ?? rollCalls.expected;
  }
}
