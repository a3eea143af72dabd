import type { Ipv6Classes } from './ipv6-sweep.js';
import type { ValueClasses } from './value-sweep.js';
import type { WordWriter } from './word-writer.js';

/** Entries of an IPv4 map's first level: one for each value of the address's upper half. */
const TOP_ENTRIES = 65_536;

/** Writes a map4. @returns its offset. */
export function writeIpv4Map({ starts, rows }: ValueClasses, writer: WordWriter): number {
  const shift = starts.length === 1 ? 16 : 0;
  const entries = new Int32Array(TOP_ENTRIES >>> shift);
  const bucketSize = 2 ** (16 + shift);
  let at = 0;
  for (let entry = 0; entry < entries.length; entry++) {
    const low = entry * bucketSize;
    // The class that the bucket begins in, and those that begin in it.
    while (at + 1 < starts.length && starts[at + 1] <= low) at++;
    let end = at + 1;
    while (end < starts.length && starts[end] < low + bucketSize) end++;
    if (end === at + 1) {
      entries[entry] = writer.row(rows[at]);
      continue;
    }
    const bucketRows = rows.slice(at, end).map((row) => writer.row(row));
    const bucketStarts = starts.slice(at, end).map((start) => Math.max(start - low, 0));
    entries[entry] = ~writer.append([end - at, ...bucketStarts, ...bucketRows]);
  }
  const offset = writer.append([shift]);
  writer.append(entries);
  return offset;
}

/** Writes a map6. @returns its offset. */
export function writeIpv6Map({ starts, rows }: Ipv6Classes, writer: WordWriter): number {
  const offsets = rows.map((row) => writer.row(row));
  const offset = writer.append([rows.length]);
  writer.append(starts);
  writer.append(offsets);
  return offset;
}
