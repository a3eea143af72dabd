import type { Rule, RuleSet } from '../rule.js';
import { type Coverage, coverage } from './cover-search.js';
import type { Finding, Question, Witness } from './findings.js';
import { intersection } from './ranges.js';
import type { Box, Sector } from './sector.js';
import { sectorsOf } from './sectors.js';
import { StepBudget } from './step-budget.js';

/** Steps for a whole table, about two seconds of them; and for one rule of it. */
export const TABLE_STEPS = 100_000_000;
const RULE_STEPS_MAX = 10_000_000;
/** Of more rules that cover one together, it is not tried which of them can be spared. */
const SPARED_RULES_MAX = 16;

/** A rule in one sector, and the rules before it that it may have packets in common with. */
interface Part {
  readonly sector: Sector;
  readonly own: number;
  readonly box: Box;
  readonly earlier: readonly number[];
}

/** Whether a rule can be the first match: with a packet for which it is, or with the rules that leave it none. */
export type Reach =
  | { readonly kind: 'reached'; readonly packet: Witness }
  | { readonly kind: 'shadowed'; readonly coveredBy: readonly number[] }
  | { readonly kind: 'undecided' };

/** Answers questions about the rules of one table, in the table's order. */
export class TableLinter {
  /** Every interface that the rules name. */
  readonly interfaces: readonly string[];
  readonly sectors: readonly Sector[];
  private readonly rules: readonly Rule[];
  private readonly budget: StepBudget;
  private parts: readonly Part[] = [];
  private position = -1;

  /** @param steps of the search for all rules together. */
  constructor(
    private readonly ruleSet: RuleSet,
    steps: number,
  ) {
    this.rules = ruleSet.rules;
    this.interfaces = [...new Set(this.rules.flatMap(({ match }) => match.inInterfaces ?? []))];
    this.sectors = sectorsOf(this.rules, this.interfaces);
    this.budget = new StepBudget(Math.floor(steps / Math.max(this.rules.length, 1)), RULE_STEPS_MAX);
  }

  /** Turns to a rule: the questions below are about it. */
  turnTo(position: number): void {
    this.budget.beginRule();
    this.position = position;
    this.parts = this.sectors.flatMap((sector) => {
      const own = sector.numberOf(position);
      if (own === -1) return [];
      return [{ sector, own, box: sector.boxes[own], earlier: sector.near(own, 0, own) }];
    });
  }

  /** Whether the rule takes every packet there can be. */
  get takesAll(): boolean {
    return (
      this.parts.length === this.sectors.length &&
      this.parts.every(({ sector, own }) => sector.limits[own].length === 0)
    );
  }

  /** Whether any packet has the rule as its first match. */
  reach(): Reach {
    const single = this.singleCoverer();
    if (single !== -1) return { kind: 'shadowed', coveredBy: [single] };
    return this.searchAll((earlier) => earlier);
  }

  /**
   * Of a rule that is shadowed: whether rules that do the same leave none of its packets to others.
   *
   * @param coveredBy of `reach`.
   * @returns what there is to tell of it: that it is shadowed, or a contradiction; or that this is not decided.
   */
  shadowing(coveredBy: readonly number[]): Finding {
    const { position } = this;
    const shadowed = { kind: 'shadowed', rule: position, coveredBy } as const;
    if (coveredBy.every((other) => this.agrees(other))) return shadowed;
    const bySame = this.searchAll((earlier, { positions }) =>
      earlier.filter((other) => this.agrees(positions[other])),
    );
    if (bySame.kind === 'undecided') return this.undecided('contradiction');
    if (bySame.kind === 'shadowed') return { ...shadowed, coveredBy: bySame.coveredBy };
    const { sector, point } = bySame.packet;
    const taker = sector.positions[sector.takerFrom(0, point)];
    return { kind: 'contradiction', rule: position, coveredBy, packet: bySame.packet, taker };
  }

  /**
   * Of a rule that is reached: whether all that it takes would meet the same action without it.
   *
   * @param packet of `reach`.
   */
  redundancy(packet: Witness): Finding | null {
    const { position } = this;
    // Who counts with it wants its count.
    if (this.rules[position].action === 'count' || !this.agreesWithout(packet)) return null;
    const instead = new Set<number>();
    let byDefault = false;
    for (const part of this.parts) {
      const answer = this.redundancyIn(part, instead);
      if (answer === 'undecided') return this.undecided('redundant');
      if (answer === 'needed') return null;
      if (answer === 'default') byDefault = true;
    }
    return { kind: 'redundant', rule: position, instead: [...instead].sort((a, b) => a - b), byDefault };
  }

  undecided(question: Question): Finding {
    return { kind: 'undecided', rule: this.position, question };
  }

  /**
   * Looks for a packet of the rule that none of some earlier rules takes.
   *
   * @param takersOf which of the earlier ones, in each sector.
   */
  private searchAll(takersOf: (earlier: readonly number[], sector: Sector) => readonly number[]): Reach {
    const used = new Set<number>();
    let isDecided = true;
    for (const { sector, box, earlier } of this.parts) {
      const usedHere = new Set<number>();
      const found = this.coverage(sector, box, takersOf(earlier, sector), usedHere);
      if (found instanceof Int32Array) return { kind: 'reached', packet: { sector, point: found } };
      if (found === 'undecided') isDecided = false;
      for (const number of usedHere) used.add(sector.positions[number]);
    }
    if (!isDecided) return { kind: 'undecided' };
    return { kind: 'shadowed', coveredBy: this.withoutSpared([...used].sort((a, b) => a - b)) };
  }

  /** Whether another rule does the same with a packet. */
  private agrees(other: number): boolean {
    const { action, outInterface } = this.rules[this.position];
    return this.rules[other].action === action && this.rules[other].outInterface === outInterface;
  }

  private get agreesWithDefault(): boolean {
    const { action, outInterface } = this.rules[this.position];
    return action === this.ruleSet.defaultAction && outInterface === null;
  }

  private coverage(
    sector: Sector,
    box: Box,
    rules: readonly number[],
    used: Set<number> | null = null,
  ): Coverage {
    // Lists are long where many rules overlap: to hand one over is work as well.
    this.budget.left -= rules.length;
    return coverage(sector, box, rules, this.budget, used);
  }

  /** The first earlier rule that takes all packets of the rule, before others one that does the same; or -1. */
  private singleCoverer(): number {
    const [first, ...others] = this.parts;
    if (first === undefined) return -1;
    let single = -1;
    for (const number of first.earlier) {
      const position = first.sector.positions[number];
      const isBetter = single === -1 || this.agrees(position);
      if (!isBetter || !first.sector.containsRule(number, first.own)) continue;
      const takesOthers = others.every(({ sector, box }) => {
        const own = sector.numberOf(position);
        return own !== -1 && sector.contains(own, box);
      });
      if (!takesOthers) continue;
      if (this.agrees(position)) return position;
      single = position;
    }
    return single;
  }

  /** Of rules that cover the rule together, those that do so without the others. */
  private withoutSpared(coveredBy: readonly number[]): readonly number[] {
    if (coveredBy.length > SPARED_RULES_MAX) return coveredBy;
    let kept = coveredBy;
    // The later ones go first: what an early rule takes is out of their reach.
    for (const position of coveredBy.toReversed()) {
      const others = kept.filter((other) => other !== position);
      const suffice = this.parts.every(({ sector, box }) => {
        const numbers = others.map((other) => sector.numberOf(other)).filter((number) => number !== -1);
        return this.coverage(sector, box, numbers) === 'covered';
      });
      if (suffice) kept = others;
    }
    return kept;
  }

  /** Whether the packet would meet the same action without the rule: most do not, which spares the search. */
  private agreesWithout({ sector, point }: Witness): boolean {
    const next = sector.takerFrom(sector.numberOf(this.position) + 1, point);
    if (next !== -1) return this.agrees(sector.positions[next]);
    return this.agreesWithDefault;
  }

  private redundancyIn(
    { sector, own, box, earlier }: Part,
    instead: Set<number>,
  ): 'needed' | 'undecided' | 'default' | 'rules' {
    const takers = [...earlier];
    const used = new Set<number>();
    let whole: readonly number[] | null = null;
    for (const other of sector.near(own, own + 1, sector.boxes.length)) {
      if (!sector.meets(box, other)) continue;
      if (this.agrees(sector.positions[other])) {
        takers.push(other);
        if (!sector.contains(other, box)) continue;
        whole = [other];
        break;
      }
      const found = this.coverage(sector, common(sector, box, other), takers, used);
      if (found === 'undecided') return found;
      if (found !== 'covered') return 'needed';
    }
    const usedForAll = new Set<number>();
    const all = whole === null ? this.coverage(sector, box, takers, usedForAll) : 'covered';
    if (all !== 'covered' && !this.agreesWithDefault) return all === 'undecided' ? all : 'needed';
    for (const other of all === 'covered' ? new Set([...used, ...usedForAll, ...(whole ?? [])]) : used) {
      // Of what earlier rules leave it.
      if (other > own && this.coverage(sector, common(sector, box, other), earlier) !== 'covered')
        instead.add(sector.positions[other]);
    }
    return all === 'covered' ? 'rules' : 'default';
  }
}

/** What a box and a rule, which meet, have in common. */
function common(sector: Sector, box: Box, rule: number): Box {
  return box.map((ranges, axis) => intersection(ranges, sector.boxes[rule][axis]));
}
