/**
 * The schema of `--json`'s events, taken out of docs/events.md, and what a program printed held
 * against it.
 * @module
 */

import { Ajv2020 } from "ajv/2020";

/** An event as it was printed. */
export interface PrintedEvent {
  type: string;
  time: string;
  // deno-lint-ignore no-explicit-any
  [field: string]: any;
}

interface Schema {
  oneOf: { $ref: string }[];
  $defs: Record<
    string,
    { properties?: Record<string, unknown>; required?: string[]; enum?: string[] }
  >;
}

const DOCUMENT = await Deno.readTextFile(new URL("../../../docs/events.md", import.meta.url));
const BLOCKS = [...DOCUMENT.matchAll(/```json\n([^]*?)```/g)].map(([, text]) => text!);
if (BLOCKS.length !== 1) throw new Error(`docs/events.md has ${BLOCKS.length} schemas`);

/** The schema. */
export const schema: Schema = JSON.parse(BLOCKS[0]!);
/** The types of events it knows. */
export const types: string[] = schema.oneOf.map(({ $ref }) => $ref.replace("#/$defs/", ""));

const ajv = new Ajv2020({ allErrors: true, strict: true });
ajv.addSchema(schema, "events");

/** What is wrong with `event`; empty when nothing is. */
export function faultsOf(event: unknown): string {
  const type = (event as PrintedEvent).type;
  if (!types.includes(type)) return `there is no event of the type ${type}`;
  if (ajv.validate("events", event)) return "";
  // The errors of the one definition that it claims to follow, and not of all the others as well.
  ajv.validate(`events#/$defs/${type}`, event);
  return ajv.errorsText();
}

/**
 * The events that a program printed, all of them as the schema has it.
 *
 * @throws Error with the first line that is something else
 */
export function eventsIn(lines: readonly string[]): PrintedEvent[] {
  return lines.map((line) => {
    const event = JSON.parse(line);
    const faults = faultsOf(event);
    if (faults !== "") throw new Error(`${faults}: ${line}`);
    return event;
  });
}
