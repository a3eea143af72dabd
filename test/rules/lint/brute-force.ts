import { Packet } from '../../../src/protocol/packet.js';
import { buildRuleTable } from '../../../src/rules/build-rule-table.js';
import { UNKNOWN } from '../../../src/rules/explain/known-packet.js';
import { LinearMatcher } from '../../../src/rules/linear-matcher.js';
import { examplePacket } from '../../../src/rules/lint/example-packet.js';
import type { Finding, FindingKind, Witness } from '../../../src/rules/lint/findings.js';
import { NO_MATCH } from '../../../src/rules/matcher.js';
import type { Rule, RuleSet } from '../../../src/rules/rule.js';
import { RuleTable } from '../../../src/rules/rule-table.js';

/** A finding without its witnesses. */
export interface BareFinding {
  readonly kind: FindingKind;
  readonly rule: number;
  readonly earlier?: number;
}

/** One rule alone, as the engine matches it. */
function matcherOf(set: RuleSet, own: Rule, interfaces: readonly string[]): LinearMatcher {
  return new LinearMatcher(new RuleTable(buildRuleTable({ ...set, rules: [own] }, [0], interfaces, 1, null)));
}

/** Answers the linter's questions by trying every packet with every rule, as the engine matches them. */
export class BruteForce {
  private readonly matchers: readonly LinearMatcher[];
  /** By packet, then by rule. */
  private readonly takes: readonly (readonly boolean[])[];
  private readonly firsts: readonly number[];

  constructor(
    private readonly set: RuleSet,
    /** Every interface that rules name, and at the end one that none does. */
    private readonly interfaces: readonly string[],
    packets: Iterable<Packet>,
  ) {
    this.matchers = set.rules.map((own) => matcherOf(set, own, interfaces));
    this.takes = Array.from(packets, (packet) => this.takersOf(packet));
    this.firsts = this.takes.map((takers) => takers.indexOf(true));
  }

  /** Whether each rule takes the packet. */
  takersOf(packet: Packet): readonly boolean[] {
    return this.matchers.map((matcher) => matcher.match(packet) !== NO_MATCH);
  }

  /** Everything there is to find, in the linter's order. */
  findings(): BareFinding[] {
    const rules = [...this.set.rules.keys()];
    const found: BareFinding[] = [];
    for (const rule of rules) {
      const isLast = rule === rules.length - 1;
      if (!isLast && this.takes.every((takers) => takers[rule])) found.push({ kind: 'any_any', rule });
      if (!this.isReached(rule)) {
        found.push({ kind: this.isContradicted(rule) ? 'contradiction' : 'shadowed', rule });
      } else if (this.isRedundant(rule)) found.push({ kind: 'redundant', rule });
    }
    for (const rule of rules)
      for (let earlier = 0; earlier < rule; earlier++) {
        if (this.isOverlap(rule, earlier)) found.push({ kind: 'overlap', rule, earlier });
      }
    return found;
  }

  isReached(rule: number): boolean {
    return this.firsts.includes(rule);
  }

  /** Whether rules together take every packet that a rule takes. */
  cover(rules: readonly number[], rule: number): boolean {
    return this.takes.every((takers) => !takers[rule] || rules.some((other) => takers[other]));
  }

  /** Whether each rule takes the packet of a witness. */
  takersOfWitness(witness: Witness, named: readonly string[]): readonly boolean[] {
    const packet = packetOf(witness);
    const place = this.interfaces.indexOf(named[packet.interfaceIndex]);
    packet.interfaceIndex = place === -1 ? this.interfaces.length - 1 : place;
    return this.takersOf(packet);
  }

  /**
   * What is wrong with the witness of a finding; `null` for nothing.
   *
   * @param named the interfaces that its packet's numbers stand for.
   */
  objection(finding: Finding, named: readonly string[]): string | null {
    switch (finding.kind) {
      case 'shadowed':
        if (finding.coveredBy.some((other) => !this.agree(finding.rule, other)))
          return 'a rule that covers it does something else';
        return this.coverObjection(finding.rule, finding.coveredBy, (other) =>
          this.agree(finding.rule, other),
        );
      case 'contradiction': {
        const takers = this.takersOfWitness(finding.packet, named);
        if (takers.indexOf(true) !== finding.taker) return `its packet is taken by ${takers.indexOf(true)}`;
        if (!takers[finding.rule]) return 'its packet is none of the rule';
        if (takers.some((takes, other) => takes && other < finding.rule && this.agree(finding.rule, other)))
          return 'a rule that takes its packet does the same';
        return this.coverObjection(finding.rule, finding.coveredBy, () => true);
      }
      case 'redundant':
        return this.insteadObjection(finding.rule, finding.instead, finding.byDefault);
      case 'overlap': {
        const takers = this.takersOfWitness(finding.packet, named);
        return takers[finding.rule] && takers[finding.earlier] ? null : 'its packet is not taken by both';
      }
      default:
        return null;
    }
  }

  /** @param isAsked rules that one alone is looked for among. */
  private coverObjection(
    rule: number,
    coveredBy: readonly number[],
    isAsked: (other: number) => boolean,
  ): string | null {
    if (coveredBy.some((other) => other >= rule)) return 'a later rule is among those that cover it';
    if (!this.cover(coveredBy, rule)) return 'the rules do not cover it';
    const earlier = [...this.set.rules.keys()].slice(0, rule).filter(isAsked);
    const single = earlier.find((other) => this.cover([other], rule));
    if (single !== undefined && (coveredBy.length > 1 || coveredBy[0] !== single) && coveredBy.length > 0)
      return `rule ${single} covers it alone`;
    const spared = coveredBy.find((other) =>
      this.cover(
        coveredBy.filter((own) => own !== other),
        rule,
      ),
    );
    return spared === undefined ? null : `rule ${spared} can be spared`;
  }

  private insteadObjection(rule: number, instead: readonly number[], byDefault: boolean): string | null {
    const own = this.takes.filter((_, packet) => this.firsts[packet] === rule);
    const idle = instead.find((other) => !own.some((takers) => takers[other]));
    if (idle !== undefined) return `rule ${idle} takes none of its packets`;
    if (instead.some((other) => other < rule || !this.agree(rule, other)))
      return 'a rule does something else';
    const isLost = own.some((takers) => {
      const differing = takers.findIndex((takes, other) => takes && other > rule && !this.agree(rule, other));
      const taker = instead.find((other) => takers[other]);
      if (taker === undefined) return !byDefault || differing !== -1;
      return differing !== -1 && differing < taker;
    });
    return isLost ? 'a packet meets something else' : null;
  }

  private isContradicted(rule: number): boolean {
    return this.takes.some(
      (takers) =>
        takers[rule] && !takers.some((takes, other) => takes && other < rule && this.agree(rule, other)),
    );
  }

  private isRedundant(rule: number): boolean {
    const { rules, defaultAction } = this.set;
    if (rules[rule].action === 'count') return false;
    return this.takes.every((takers, packet) => {
      if (this.firsts[packet] !== rule) return true;
      const next = takers.indexOf(true, rule + 1);
      if (next !== -1) return this.agree(rule, next);
      return rules[rule].action === defaultAction && rules[rule].outInterface === null;
    });
  }

  private isOverlap(rule: number, earlier: number): boolean {
    if (this.agree(rule, earlier) || !this.isReached(rule) || !this.isReached(earlier)) return false;
    if (this.cover([rule], earlier) || this.cover([earlier], rule)) return false;
    return this.takes.some((takers) => takers[rule] && takers[earlier]);
  }

  private agree(rule: number, other: number): boolean {
    const [own, its] = [this.set.rules[rule], this.set.rules[other]];
    return own.action === its.action && own.outInterface === its.outInterface;
  }
}

/** A witness as the matchers take it: what no rule tells apart is anything. */
export function packetOf(witness: Witness): Packet {
  const known = examplePacket(witness);
  const isIpv6 = known.ipVersion === 6;
  const [src0, src1 = 9, src2 = 9, src3 = 9] = known.src ?? [1];
  const [dst0, dst1 = 9, dst2 = 9, dst3 = 9] = known.dst ?? [1];
  const value = (own: number, anything: number) => (own === UNKNOWN ? anything : own);
  return Object.assign(new Packet(), {
    ipVersion: isIpv6 ? 6 : 4,
    protocol: known.protocols?.[0] ?? 6,
    ...{ src0, src1, src2, src3, dst0, dst1, dst2, dst3 },
    srcPort: value(known.srcPort, 1),
    dstPort: value(known.dstPort, 1),
    tcpFlags: value(known.tcpFlags, 1),
    icmpType: value(known.icmpType, 1),
    dscp: value(known.dscp, 1),
    isFragment: value(known.isFragment, 0),
    vlan: value(known.vlan, 1),
    interfaceIndex: value(known.interfaceIndex, 0),
  });
}
