import {
  FIELD_PROTOCOL,
  FIELD_SRC_PORT,
  HEADER_CHAIN_COUNT,
  HEADER_SERVICE,
  HEADER_STEP_COUNT,
  HEADER_STEPS,
  PAGE_CODES,
  PAGE_COUNT,
  SERVICE_STEPS,
  STEP_WORDS,
} from '../matcher-layout.js';
import type { Chain, CodeClasses, Step } from './chains.js';
import { codeOf } from './rule-turns.js';
import type { WordWriter } from './word-writer.js';

/** Every packet has a protocol: no page of them for ABSENT. */
const PROTOCOLS = 256;

/** Stands for the source port where no rule of the first chain asks for it. */
const NO_STEP = new Array(STEP_WORDS).fill(0);

/** Writes the service, the steps and what they refer to. */
export function writeSteps(chains: readonly Chain[], writer: WordWriter): void {
  const words = chains.flatMap((chain) => chain.map((step, i) => stepWords(step, chain[i + 1], writer)));
  const last = chains[0][SERVICE_STEPS - 1];
  if (last?.classes.field !== FIELD_SRC_PORT) words.splice(SERVICE_STEPS - 1, 0, NO_STEP);
  writer.setHeader(HEADER_SERVICE, writer.append(words.slice(0, SERVICE_STEPS).flat()));
  writer.setHeader(HEADER_STEPS, writer.append(words.slice(SERVICE_STEPS).flat()));
  writer.setHeader(HEADER_STEP_COUNT, words.length - SERVICE_STEPS);
  writer.setHeader(HEADER_CHAIN_COUNT, chains.length);
}

/** @param next the step behind it in its chain. */
function stepWords(step: Step, next: Step | undefined, writer: WordWriter): number[] {
  const { classes, rows } = step;
  // What a class becomes in the table that it comes to: the beginning of its line there, or its row.
  const entryOf = (code: number) =>
    next === undefined ? writer.rowOffset(rows[code]) : code * next.classes.rows.length;
  const entries = Int32Array.from(rows, (_, code) => entryOf(code));
  const own = step.table === null ? entries : Int32Array.from(classes.rows, (_, code) => code);
  const pages =
    classes.field === FIELD_PROTOCOL
      ? writer.append(entriesFrom(classes, codeOf(0), PROTOCOLS, own))
      : writePages(classes, own, writer);
  const table = step.table === null ? 0 : writer.append(step.table.map((code) => entries[code]));
  return [classes.field, pages, table, next === undefined ? 1 : 0];
}

/** Writes the pages of a field; those of one class once. @returns the offset of the list of pages. */
function writePages(classes: CodeClasses, entries: Int32Array, writer: WordWriter): number {
  const { count, starts, codes } = classes;
  const uniform = new Map<number, number>();
  const list = new Int32Array(PAGE_COUNT);
  let at = 0;
  for (let page = 0; page < PAGE_COUNT; page++) {
    const low = page * PAGE_CODES;
    while (at + 1 < count && starts[at + 1] <= low) at++;
    const isUniform = at + 1 === count || starts[at + 1] >= low + PAGE_CODES;
    const known = isUniform ? uniform.get(codes[at]) : undefined;
    list[page] = known ?? writer.append(entriesFrom(classes, low, PAGE_CODES, entries));
    if (isUniform) uniform.set(codes[at], list[page]);
  }
  return writer.append(list);
}

/** What the classes of `length` codes from `low` on become. @param entries by the class. */
function entriesFrom(classes: CodeClasses, low: number, length: number, entries: Int32Array): Int32Array {
  const { count, starts, codes } = classes;
  const result = new Int32Array(length);
  let at = lastStartUpTo(classes, low);
  for (let filled = 0; filled < length; at++) {
    const end = at + 1 < count ? Math.min(starts[at + 1] - low, length) : length;
    result.fill(entries[codes[at]], filled, end);
    filled = end;
  }
  return result;
}

function lastStartUpTo({ count, starts }: CodeClasses, value: number): number {
  let low = 0;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}
