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
import { multiplyRows, RowNumbers } from './row-product.js';
import type { RowStore } from './row-store.js';
import type { RowSweep } from './row-sweep.js';
import { TurnList } from './turn-list.js';
import { sweepValues, type ValueClasses } from './value-sweep.js';

/** The fields that every packet is looked up by, in the order of their look-up: those that most rules name. */
const SERVICE_FIELDS = [FIELD_PROTOCOL, FIELD_DST_PORT, FIELD_SRC_PORT];
const LAST_SERVICE_FIELD = FIELD_SRC_PORT;
/** The other fields but addresses. */
const OTHER_FIELDS = [
  FIELD_TCP_FLAGS,
  FIELD_ICMP_TYPE,
  FIELD_DSCP,
  FIELD_FRAGMENT,
  FIELD_VLAN,
  FIELD_IN_INTERFACE,
];

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
 * it or not: an own one of one class stands for a field that had to go to a chain of its own. The last of them,
 * the source port, is left out where it would have one class, as other fields are where they rule nothing out.
 */
export function buildChains(turns: readonly TurnList[], sweep: RowSweep, rows: RowStore): Chain[] {
  const classesOf = (field: number) => codeClasses(field, sweepValues(sweep, turns[field]));
  const first: Step[] = [];
  const left: CodeClasses[] = [];
  for (const field of SERVICE_FIELDS) {
    const classes = classesOf(field);
    const joined = joinOrBegin(first, classes, rows);
    if (joined === null) left.push(classes);
    if (field === LAST_SERVICE_FIELD && (joined === null || classes.rows.length === 1)) continue;
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
  const product = multiplyRows(chain[chain.length - 1].rows, classes.rows, rows);
  return product === null ? null : { classes, ...product };
}
