import type { Rule } from '../rule.js';
import type { Finding, Witness } from './findings.js';
import { intersection } from './ranges.js';
import type { Sector } from './sector.js';

/** Pairs that are listed; the others are only counted. */
export const OVERLAPS_MAX = 1000;

/** Overlaps that were found. */
export interface Overlaps {
  readonly findings: readonly Finding[];
  readonly omitted: number;
}

/**
 * Pairs of rules that share packets and do different things with them, each having others as well: which of the two
 * stands first decides, and nothing in them says which one should.
 *
 * @param isLeftOut rules that never match: which packets they share is nobody's concern.
 */
export function overlapsOf(
  rules: readonly Rule[],
  sectors: readonly Sector[],
  isLeftOut: (position: number) => boolean,
): Overlaps {
  const findings: Finding[] = [];
  let omitted = 0;
  for (let rule = 0; rule < rules.length; rule++) {
    if (isLeftOut(rule)) continue;
    for (const earlier of disagreeing(rules, sectors, rule)) {
      if (isLeftOut(earlier) || isWithin(sectors, rule, earlier) || isWithin(sectors, earlier, rule))
        continue;
      if (findings.length === OVERLAPS_MAX) omitted++;
      else findings.push({ kind: 'overlap', rule, earlier, packet: sharedPacket(sectors, rule, earlier) });
    }
  }
  return { findings, omitted };
}

/** Earlier rules that share packets with a rule and do something else with them, in the table's order. */
function disagreeing(rules: readonly Rule[], sectors: readonly Sector[], rule: number): number[] {
  const found = new Set<number>();
  for (const sector of sectors) {
    const own = sector.numberOf(rule);
    if (own === -1) continue;
    for (const other of sector.near(own, 0, own)) {
      const { action, outInterface } = rules[sector.positions[other]];
      const agrees = action === rules[rule].action && outInterface === rules[rule].outInterface;
      if (!agrees && sector.meets(sector.boxes[own], other)) found.add(sector.positions[other]);
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** Whether another rule takes every packet that a rule takes. */
function isWithin(sectors: readonly Sector[], rule: number, other: number): boolean {
  return sectors.every((sector) => {
    const own = sector.numberOf(rule);
    if (own === -1) return true;
    const taker = sector.numberOf(other);
    return taker !== -1 && sector.contains(taker, sector.boxes[own]);
  });
}

function sharedPacket(sectors: readonly Sector[], rule: number, earlier: number): Witness {
  const sector = sectors.find((candidate) => {
    const [own, other] = [candidate.numberOf(rule), candidate.numberOf(earlier)];
    return own !== -1 && other !== -1 && candidate.meets(candidate.boxes[own], other);
  })!;
  const [own, other] = [sector.numberOf(rule), sector.numberOf(earlier)].map((n) => sector.boxes[n]);
  return { sector, point: Int32Array.from(own, (ranges, axis) => intersection(ranges, other[axis])[0]) };
}
