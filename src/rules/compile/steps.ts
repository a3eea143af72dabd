import { ABSENT } from '../../protocol/packet.js';
import {
  FIELD_PROTOCOL,
  HEADER_CHAIN_COUNT,
  HEADER_SERVICE,
  HEADER_STEP_COUNT,
  HEADER_STEPS,
  PAGE_CODES,
  PAGE_COUNT,
  SERVICE_STEPS,
} from '../matcher-layout.js';
import type { Chain, CodeClasses, Step } from './chains.js';
import type { WordWriter } from './word-writer.js';

/** Every packet has a protocol: no page of them for ABSENT. */
const PROTOCOLS = 256;

/** Writes the service, the steps and what they refer to. */
export function writeSteps(chains: readonly Chain[], writer: WordWriter): void {
  const words = chains.flatMap((chain) => chain.map((step, i) => stepWords(step, chain[i + 1], writer)));
  writer.setHeader(HEADER_SERVICE, writer.append(words.slice(0, SERVICE_STEPS).flat()));
  writer.setHeader(HEADER_STEPS, writer.append(words.slice(SERVICE_STEPS).flat()));
  writer.setHeader(HEADER_STEP_COUNT, words.length - SERVICE_STEPS);
  writer.setHeader(HEADER_CHAIN_COUNT, chains.length);
}

/** @param next the step behind it in its chain. */
function stepWords(step: Step, next: Step | undefined, writer: WordWriter): number[] {
  // What a class becomes in the table that it comes to: the beginning of its line there, or its row.
  const entryOf = (code: number) =>
    next === undefined ? writer.row(step.rows[code]) : code * next.classes.rows.length;
  const isDirect = step.classes.field === FIELD_PROTOCOL;
  const pages = isDirect
    ? writer.append(codesFrom(step.classes, 0, PROTOCOLS).map(entryOf))
    : writePages(step, step.table === null ? entryOf : (code) => code, writer);
  const table = step.table === null ? 0 : writer.append(step.table.map(entryOf));
  return [step.classes.field, pages, table, next === undefined ? 1 : 0];
}

/** Writes the pages of a field; equal ones once. @returns the offset of the list of pages. */
function writePages({ classes }: Step, entryOf: (code: number) => number, writer: WordWriter): number {
  const { starts, codes } = classes;
  const uniform = new Map<number, number>();
  const list = new Int32Array(PAGE_COUNT);
  let at = 0;
  for (let page = 0; page < PAGE_COUNT; page++) {
    const low = page * PAGE_CODES + ABSENT;
    while (at + 1 < starts.length && starts[at + 1] <= low) at++;
    const isUniform = at + 1 === starts.length || starts[at + 1] >= low + PAGE_CODES;
    const known = isUniform ? uniform.get(codes[at]) : undefined;
    list[page] = known ?? writer.append(codesFrom(classes, low, PAGE_CODES).map(entryOf));
    if (isUniform) uniform.set(codes[at], list[page]);
  }
  return writer.append(list);
}

/** The classes of `count` values from `low` on. */
function codesFrom({ starts, codes }: CodeClasses, low: number, count: number): Int32Array {
  const result = new Int32Array(count);
  let at = lastStartUpTo(starts, low);
  for (let i = 0; i < count; i++) {
    while (at + 1 < starts.length && starts[at + 1] <= low + i) at++;
    result[i] = codes[at];
  }
  return result;
}

function lastStartUpTo(starts: readonly number[], value: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}
