import {
  FIELD_DSCP,
  FIELD_DST_PORT,
  FIELD_FRAGMENT,
  FIELD_ICMP_TYPE,
  FIELD_IN_INTERFACE,
  FIELD_PROTOCOL,
  FIELD_SRC_PORT,
  FIELD_TCP_FLAGS,
  FIELD_VLAN,
} from '../matcher-layout.js';
import { doubled } from './doubled.js';
import type { RowStore } from './row-store.js';
import type { RowSweep } from './row-sweep.js';
import { TurnList } from './turn-list.js';
import { sweepValues, type ValueClasses } from './value-sweep.js';

/** The fields that every packet is looked up by, in the order of their look-up: those that most rules name. */
const SERVICE_FIELDS = [FIELD_PROTOCOL, FIELD_DST_PORT, FIELD_SRC_PORT];
/** The other fields but addresses. */
const OTHER_FIELDS = [
  FIELD_TCP_FLAGS,
  FIELD_ICMP_TYPE,
  FIELD_DSCP,
  FIELD_FRAGMENT,
  FIELD_VLAN,
  FIELD_IN_INTERFACE,
];

/** Products of two fields' classes that are tried at most, counted in blocks: 20 ms of compiling. */
const PRODUCT_BLOCKS_MAX = 400_000;
/** Blocks that one product may add at most: 2 MB. */
const NEW_BLOCKS_MAX = 16_384;

/** The classes of one field, numbered. */
export interface CodeClasses {
  /** Which field; -1 for none, where all packets are of one class. */
  readonly field: number;
  /** How many intervals of codes there are. */
  readonly count: number;
  /** Where each begins, ascending; the first is 0. */
  readonly starts: Int32Array;
  /** The class from each start on. */
  readonly codes: Int32Array;
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

/**
 * Joins fields to chains: the more fields a row speaks for, the fewer rows are to be intersected for each
 * packet, and the fewer words promise a rule and have none. Filters of firewalls name few hundred
 * different services, so that all of these fields are one chain; where rules were made to have many, the
 * product is given up, and there are more chains.
 *
 * @param turns of each field, sorted.
 * @returns at least one chain. It begins with one step for each field of the service, whether rules name
 * it or not: an own one of one class stands for a field that had to go to a chain of its own. Other fields
 * are left out where they rule nothing out.
 */
export function buildChains(turns: readonly TurnList[], sweep: RowSweep, rows: RowStore): Chain[] {
  const classesOf = (field: number) => codeClasses(field, sweepValues(sweep, turns[field]));
  const first: Step[] = [];
  const left: CodeClasses[] = [];
  for (const field of SERVICE_FIELDS) {
    const classes = classesOf(field);
    const joined = joinOrBegin(first, classes, rows);
    if (joined === null) left.push(classes);
    first.push(joined ?? joinOrBegin(first, oneClass(sweep), rows)!);
  }
  const chains = [first];
  const constraining = OTHER_FIELDS.filter((field) => turns[field].constrainedCount > 0);
  for (const classes of [...left, ...constraining.map(classesOf)]) {
    const chain = chains[chains.length - 1];
    const joined = joinOrBegin(chain, classes, rows);
    if (joined !== null) chain.push(joined);
    else chains.push([{ classes, rows: classes.rows, table: null }]);
  }
  return chains;
}

function codeClasses(field: number, { count, starts, rows }: ValueClasses): CodeClasses {
  const numbers = new RowNumbers();
  const codes = new Int32Array(count);
  for (let i = 0; i < count; i++) codes[i] = numbers.of(rows[i]);
  return { field, count, starts, codes, rows: numbers.rows };
}

/** All rules, for every packet. */
function oneClass(sweep: RowSweep): CodeClasses {
  return codeClasses(-1, sweepValues(sweep, new TurnList()));
}

/** @returns the step that adds a field to a chain, or `null` where that would take too much. */
function joinOrBegin(chain: readonly Step[], classes: CodeClasses, rows: RowStore): Step | null {
  if (chain.length === 0) return { classes, rows: classes.rows, table: null };
  const chainRows = chain[chain.length - 1].rows;
  const width = classes.rows.length;
  if (chainRows.length * width * rows.blocksARow > PRODUCT_BLOCKS_MAX && width > 1) return null;
  const blocksMax = rows.store.count + NEW_BLOCKS_MAX;
  const table = new Int32Array(chainRows.length * width);
  if (width < chainRows.length) {
    for (let i = 0; i < width; i++) {
      if (!rows.intersectEach(classes.rows[i], chainRows, table, i, width, blocksMax)) return null;
    }
  } else {
    for (let i = 0; i < chainRows.length; i++) {
      if (!rows.intersectEach(chainRows[i], classes.rows, table, i * width, 1, blocksMax)) return null;
    }
  }
  const numbers = new RowNumbers();
  for (let cell = 0; cell < table.length; cell++) table[cell] = numbers.of(table[cell]);
  return { classes, rows: numbers.rows, table };
}

/** Numbers rows from 0 on, in the order in which they are asked for. */
class RowNumbers {
  readonly rows: number[] = [];
  /** By the row, its number and 1; 0 where it has none. */
  private numbers = new Int32Array(256);

  of(row: number): number {
    while (row >= this.numbers.length) this.numbers = doubled(this.numbers);
    const known = this.numbers[row];
    if (known !== 0) return known - 1;
    this.rows.push(row);
    this.numbers[row] = this.rows.length;
    return this.rows.length - 1;
  }
}
