import {
  HEADER_ADDRESS_ROWS,
  HEADER_DST4,
  HEADER_DST6,
  HEADER_SRC4,
  HEADER_SRC6,
} from '../matcher-layout.js';
import { writeIpv4Map, writeIpv6Map } from './address-maps.js';
import { multiplyRows, RowNumbers, type RowProduct } from './row-product.js';
import type { RowStore } from './row-store.js';
import type { RowSweep } from './row-sweep.js';
import type { RuleTurns } from './rule-turns.js';
import { type Ipv6Classes, sweepIpv6, sweepValues, type ValueClasses } from './value-sweep.js';
import type { WordWriter } from './word-writer.js';

/** Pairs of addresses' classes that have a row of their own at most. */
const PAIRS_MAX = 2048;

/** Classes of one field, and which of the rows each has. */
interface NumberedRows {
  readonly codes: Int32Array;
  /** All of them different. */
  readonly rows: readonly number[];
}

/** Source and destination of one IP version. */
interface Addresses<Classes> {
  readonly src: Classes;
  readonly dst: Classes;
}

/**
 * Writes the maps of the addresses and what they refer to: of each address its row, or one row of both where there are
 * few pairs of classes. Of a pair only those rules are left over that ask for both, so that fewer words promise a rule,
 * and there is a row less to look at: rules that list a sixth of five fields promise 82 words before the first match,
 * and 55 in pairs. A table of one block is so quickly gone through that another look-up would cost more.
 */
export function writeAddresses(turns: RuleTurns, sweep: RowSweep, rows: RowStore, writer: WordWriter): void {
  const addresses4 = { src: sweepValues(sweep, turns.src4), dst: sweepValues(sweep, turns.dst4) };
  const addresses6 = { src: sweepIpv6(sweep, turns.src6), dst: sweepIpv6(sweep, turns.dst6) };
  // Of the other version there are no more pairs than the first one leaves.
  const pairs4 = rows.blocksARow === 1 ? null : pairUp(addresses4, PAIRS_MAX, rows);
  const pairs6 = pairs4 === null ? null : pairUp(addresses6, PAIRS_MAX - pairs4.product.table.length, rows);
  const areInPairs = pairs4 !== null && pairs6 !== null;
  const entries4 = areInPairs ? entriesOfPairs(pairs4, writer) : entriesOfRows(addresses4, writer);
  const entries6 = areInPairs ? entriesOfPairs(pairs6, writer) : entriesOfRows(addresses6, writer);
  writer.setHeader(HEADER_ADDRESS_ROWS, areInPairs ? 1 : 2);
  writer.setHeader(HEADER_SRC4, writeIpv4Map(addresses4.src, entries4.src, writer));
  writer.setHeader(HEADER_SRC6, writeIpv6Map(addresses6.src, entries6.src, writer));
  writer.setHeader(HEADER_DST4, writeIpv4Map(addresses4.dst, entries4.dst, writer));
  writer.setHeader(HEADER_DST6, writeIpv6Map(addresses6.dst, entries6.dst, writer));
}

interface Pairs extends Addresses<NumberedRows> {
  readonly product: RowProduct;
}

/** @returns `null` where there are too many pairs. */
function pairUp(
  { src, dst }: Addresses<ValueClasses | Ipv6Classes>,
  pairsMax: number,
  rows: RowStore,
): Pairs | null {
  const numberedSrc = numberRows(src, pairsMax);
  const numberedDst = numberedSrc && numberRows(dst, pairsMax / numberedSrc.rows.length);
  if (numberedSrc === null || numberedDst === null) return null;
  const product = multiplyRows(numberedSrc.rows, numberedDst.rows, rows);
  return product && { src: numberedSrc, dst: numberedDst, product };
}

/** @returns `null` where there are more rows than `rowsMax`. */
function numberRows({ count, rows }: ValueClasses | Ipv6Classes, rowsMax: number): NumberedRows | null {
  const numbers = new RowNumbers();
  const codes = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    codes[i] = numbers.of(rows[i]);
    if (numbers.rows.length > rowsMax) return null;
  }
  return { codes, rows: numbers.rows };
}

/** Writes the table of pairs. @returns what the maps give: the offset of a line, and the place in it. */
function entriesOfPairs({ src, dst, product }: Pairs, writer: WordWriter): Addresses<Int32Array> {
  const offsets = product.rows.map((row) => writer.rowOffset(row));
  const table = writer.append(product.table.map((cell) => offsets[cell]));
  const width = dst.rows.length;
  return { src: src.codes.map((code) => table + code * width), dst: dst.codes };
}

/** @returns what the maps give: the offsets of rows. */
function entriesOfRows(
  { src, dst }: Addresses<ValueClasses | Ipv6Classes>,
  writer: WordWriter,
): Addresses<Int32Array> {
  const entriesOf = ({ count, rows }: ValueClasses | Ipv6Classes) => {
    const entries = new Int32Array(count);
    for (let i = 0; i < count; i++) entries[i] = writer.rowOffset(rows[i]);
    return entries;
  };
  return { src: entriesOf(src), dst: entriesOf(dst) };
}
