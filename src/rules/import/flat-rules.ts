import { ImportError } from '../../errors.js';
import { ANYTHING, allOf, type Condition, conditionOf, covers } from './condition.js';
import type { Branch, ForeignChain, ForeignRule, ForeignTable } from './foreign-rules.js';

/** Rules that a chain may become: as many as an engine has counters for by default. */
export const FLAT_RULES_MAX = 16_384;
/** Conditions looked at on all ways through the chains: chains that call one another twice double with each. */
const STEPS_MAX = 5_000_000;
/** Chains within chains. The kernel allows 16 (nftables). */
const DEPTH_MAX = 64;
/** Ways of their own within ways of their own. */
const WAYS_MAX = 256;

/** A place in the one list that chains become. The first whose conditions hold decides. */
export interface FlatRule {
  /** null: packets that reach the end of the base chain on a way of their own. */
  readonly rule: ForeignRule | null;
  /** `unsaid`: stands where a rule is left out; its conditions hold for its packets, and for others too. */
  readonly kind: 'decides' | 'counts' | 'unsaid';
  readonly when: readonly Condition[];
  readonly action: 'count' | 'drop';
  /** The same for what a rule has become at one place of one way. */
  readonly visit: number;
  /** Position in the list from which on its packets cannot be met any more. */
  end: number;
}

/** Where a packet goes on: a rule of a chain, and then where the chain's caller goes on. */
interface Place {
  readonly chain: ForeignChain;
  readonly index: number;
  /** null in the base chain. */
  readonly caller: Place | null;
  /** Chains entered on the way here. */
  readonly entered: readonly string[];
}

/**
 * Turns chains that call one another into one list in which the first match decides.
 *
 * A called chain stands where its call is, each rule with the call's conditions as well. Packets that return
 * early cannot go round the rest of a list: for them, all that comes after the call is written out before the
 * rest of the chain, with their conditions, down to the policy. The same serves packets that a rule excepts
 * (`iifname != "eth0"`), which a condition cannot say.
 *
 * @param leftOut rules that are left out beside those that say so themselves.
 * @throws ImportError when chains run in a circle, or become too many rules.
 */
export function flatten(table: ForeignTable, leftOut: ReadonlySet<ForeignRule>): FlatRule[] {
  return new Flattening(table, leftOut).run();
}

class Flattening {
  private readonly flat: FlatRule[] = [];
  /** Packets that have had a way of their own: all of them are decided, nothing later can meet them. */
  private readonly gone: Condition[] = [];
  private readonly policy: 'count' | 'drop';
  private ruleCount = 0;
  private steps = 0;
  private ways = 0;
  private visits = 0;

  constructor(
    private readonly table: ForeignTable,
    private readonly leftOut: ReadonlySet<ForeignRule>,
  ) {
    this.policy = table.policy === 'drop' ? 'drop' : 'count';
  }

  run(): FlatRule[] {
    const { base, version } = this.table;
    const all = version === null ? ANYTHING : conditionOf({ version })!;
    this.follow({ chain: base, index: 0, caller: null, entered: [base.name] }, [all]);
    return this.flat;
  }

  /** Writes out the rest of one chain for packets that are there. */
  private follow(place: Place, path: readonly Condition[]): void {
    const { rules } = place.chain;
    for (let index = place.index; index < rules.length; index++) {
      const rule = rules[index];
      if (rule.isIdle) continue;
      if (rule.unsaid !== null || this.leftOut.has(rule)) this.leaveOut(rule, path);
      else if (!this.tryRule(rule, { ...place, index }, path)) return;
    }
  }

  /** Gives packets a way of their own: all that they still meet, to the end of the base chain. */
  private followToEnd(place: Place | null, packets: readonly Condition[]): void {
    const path = packets.filter((condition) => !covers(this.gone, [condition]));
    if (path.length === 0) return;
    if (++this.ways > WAYS_MAX) throw tooMany(this.table);
    const first = this.flat.length;
    for (let at = place; at !== null; at = after(at.caller)) this.follow(at, path);
    this.add({ rule: null, kind: 'decides', visit: ++this.visits, when: path, action: this.policy });
    for (const flat of this.flat.slice(first)) flat.end = Math.min(flat.end, this.flat.length);
    this.gone.push(...path);
    this.ways--;
  }

  /** Returns false when no packet goes on to the chain's next rule. */
  private tryRule(rule: ForeignRule, here: Place, path: readonly Condition[]): boolean {
    // What a branch lets go on is not for the branches after it: a map has one answer for a packet.
    const except = [...rule.except];
    const visit = ++this.visits;
    for (const branch of rule.branches) {
      const { kind } = branch.verdict;
      const when = this.allOf(path, branch.when).filter((condition) => !covers(except, [condition]));
      if (when.length === 0) continue;
      const all = except.length === 0 && covers(branch.when, path);
      if (kind !== 'continue' || rule.counts) {
        this.followToEnd(after(here), allOf(when, except));
        this.take(rule, branch, { here, when, all, visit });
      }
      const goesOn = kind === 'continue' || kind === 'jump';
      if (all) return goesOn;
      if (kind !== 'accept' && kind !== 'drop') except.push(...branch.when);
    }
    return true;
  }

  private take(
    rule: ForeignRule,
    { verdict }: Branch,
    { here, when, all, visit }: { here: Place; when: readonly Condition[]; all: boolean; visit: number },
  ): void {
    // What follows the end of a chain is what follows its call: those need no way of their own.
    const goesWithOthers = all || here.index === here.chain.rules.length - 1;
    switch (verdict.kind) {
      case 'accept':
      case 'drop':
        this.add({ rule, kind: 'decides', visit, when, action: verdict.kind === 'drop' ? 'drop' : 'count' });
        return;
      case 'continue':
        this.add({ rule, kind: 'counts', visit, when, action: this.policy });
        return;
      case 'return':
        if (here.chain === this.table.base)
          this.add({ rule, kind: 'decides', visit, when, action: this.policy });
        else if (!goesWithOthers) this.followToEnd(after(here.caller), when);
        return;
      case 'jump':
        this.follow(this.enter(verdict.chain, here, here), when);
        return;
      case 'goto':
        this.follow(this.enter(verdict.chain, here, here.caller), when);
        if (!goesWithOthers) this.followToEnd(after(here.caller), when);
        return;
    }
  }

  /** @param caller where its packets go on when they come to its end. */
  private enter(name: string, here: Place, caller: Place | null): Place {
    const chain = this.table.chains.get(name);
    if (chain === undefined) {
      throw new ImportError(`chain ${here.chain.name} calls chain ${name}, which is not there`);
    }
    const entered = [...here.entered, name];
    if (here.entered.includes(name)) {
      const circle = entered.slice(entered.indexOf(name)).join(' -> ');
      throw new ImportError(`chains call one another in a circle: ${circle}`);
    }
    if (entered.length > DEPTH_MAX) {
      throw new ImportError(`chains call one another more than ${DEPTH_MAX} deep, down to ${name}`);
    }
    return { chain, index: 0, caller, entered };
  }

  private leaveOut(rule: ForeignRule, path: readonly Condition[]): void {
    const when = rule.branches.flatMap((branch) => this.allOf(path, branch.when));
    this.add({ rule, kind: 'unsaid', visit: ++this.visits, when, action: this.policy });
  }

  private allOf(path: readonly Condition[], when: readonly Condition[]): Condition[] {
    this.steps += path.length * Math.max(when.length, 1);
    if (this.steps > STEPS_MAX) throw tooMany(this.table);
    return allOf(path, when);
  }

  private add(flat: Omit<FlatRule, 'end'>): void {
    this.ruleCount += flat.kind === 'unsaid' ? 1 : flat.when.length;
    if (this.ruleCount > FLAT_RULES_MAX) throw tooMany(this.table);
    this.flat.push({ ...flat, end: Number.POSITIVE_INFINITY });
  }
}

/** The place after a call has been carried out; null after the base chain's. */
function after(place: Place | null): Place | null {
  return place === null ? null : { ...place, index: place.index + 1 };
}

function tooMany({ place }: ForeignTable): ImportError {
  return new ImportError(
    `chain ${place} would become more than ${FLAT_RULES_MAX} rules: its jumps, returns, maps and sets multiply`,
  );
}
