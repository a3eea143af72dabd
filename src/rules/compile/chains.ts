import { ABSENT } from '../../protocol/packet.js';
import type { RuleMatch } from '../rule.js';
import type { CodeField } from './code-fields.js';
import { type RowStore, RowSweep } from './row-store.js';
import { noteSpans, sweepValues } from './value-sweep.js';

/** Products of two fields' classes that are tried at most, counted in blocks: 20 ms of compiling. */
const PRODUCT_BLOCKS_MAX = 400_000;
/** Blocks that one product may add at most: 2 MB. */
const NEW_BLOCKS_MAX = 16_384;

/** The classes of one field, numbered. */
export interface CodeClasses {
  /** Which field; -1 for none, where all packets are of one class. */
  readonly field: number;
  /** As in `ValueClasses`; the lowest value is ABSENT. */
  readonly starts: readonly number[];
  /** The class from each start on. */
  readonly codes: readonly number[];
  /** The row of each class, all of them different. */
  readonly rows: readonly number[];
}

/** A field in a chain. */
export interface Step {
  readonly classes: CodeClasses;
  /** Rows of the chain's classes up to here. */
  readonly rows: readonly number[];
  /** The class of the chain for (class so far * classes of the field + class of the field); `null` for the first. */
  readonly table: Int32Array | null;
}

/** Fields that are looked up one after the other and together give one row. */
export type Chain = readonly Step[];

/** Where the fields come from. */
export interface ChainSource {
  /** First those that every packet is looked up by, in the order of their look-up. */
  readonly service: readonly CodeField[];
  readonly others: readonly CodeField[];
  readonly rows: RowStore;
  readonly places: Int32Array;
  readonly matchOf: (position: number) => RuleMatch;
}

/**
 * Joins fields to chains: the more fields a row speaks for, the fewer rows are to be intersected for each
 * packet, and the fewer words promise a rule and have none. Filters of firewalls name few hundred
 * different services, so that all of these fields are one chain; where rules were made to have many, the
 * product is given up, and there are more chains.
 *
 * @returns at least one chain. It begins with one step for each field of the service, whether rules name
 * it or not: an own one of one class stands for a field that had to go to a chain of its own. Other fields
 * are left out where they rule nothing out.
 */
export function buildChains({ service, others, rows, places, matchOf }: ChainSource): Chain[] {
  const all = new RowSweep(rows);
  for (const place of places) all.toggle(place);
  const allRules = all.take();
  const classesOf = ({ field, spansOf }: CodeField): CodeClasses =>
    codeClasses(
      field,
      sweepValues(rows, places, ABSENT, (position, turns) =>
        noteSpans(spansOf(matchOf(position)), position, turns),
      ),
    );
  const first: Step[] = [];
  const left: CodeClasses[] = [];
  for (const field of service) {
    const classes = classesOf(field);
    const joined = joinOrBegin(first, classes, rows);
    if (joined === null) left.push(classes);
    first.push(joined ?? joinOrBegin(first, oneClass(allRules), rows)!);
  }
  const chains = [first];
  const constraining = others
    .map(classesOf)
    .filter((classes) => classes.rows.some((row) => row !== allRules));
  for (const classes of [...left, ...constraining]) {
    const chain = chains[chains.length - 1];
    const joined = joinOrBegin(chain, classes, rows);
    if (joined !== null) chain.push(joined);
    else chains.push([{ classes, rows: classes.rows, table: null }]);
  }
  return chains;
}

function codeClasses(
  field: number,
  { starts, rows }: { readonly starts: readonly number[]; readonly rows: readonly number[] },
): CodeClasses {
  const codeOf = new Map<number, number>();
  const codes = rows.map((row) => numberOf(codeOf, row));
  return { field, starts, codes, rows: [...codeOf.keys()] };
}

function oneClass(row: number): CodeClasses {
  return { field: -1, starts: [ABSENT], codes: [0], rows: [row] };
}

/** @returns the step that adds a field to a chain, or `null` where that would take too much. */
function joinOrBegin(chain: readonly Step[], classes: CodeClasses, rows: RowStore): Step | null {
  if (chain.length === 0) return { classes, rows: classes.rows, table: null };
  const chainRows = chain[chain.length - 1].rows;
  const width = classes.rows.length;
  if (chainRows.length * width * rows.blocksARow > PRODUCT_BLOCKS_MAX && width > 1) return null;
  const blocksBefore = rows.store.count;
  const codeOf = new Map<number, number>();
  const table = new Int32Array(chainRows.length * width);
  let cell = 0;
  for (const chainRow of chainRows) {
    for (const row of classes.rows) table[cell++] = numberOf(codeOf, rows.intersect(chainRow, row));
    if (rows.store.count > blocksBefore + NEW_BLOCKS_MAX) return null;
  }
  return { classes, rows: [...codeOf.keys()], table };
}

function numberOf(codeOf: Map<number, number>, row: number): number {
  const known = codeOf.get(row);
  if (known !== undefined) return known;
  codeOf.set(row, codeOf.size);
  return codeOf.size - 1;
}
