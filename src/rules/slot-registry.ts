import { FIRST_RULE_SLOT } from '../counters/catalogue.js';
import { RuleCapacityError } from '../errors.js';
import { ACTIONS, type Action, type RuleSet } from './rule.js';

/** Retired (name, action) pairs that keep their own series; older ones fold into one sum. */
export const RETIRED_PAIRS_MAX = 1000;

/** A rule's place among the counters: it outlives the table, so that counts go on across reloads. */
export interface SlotEntry {
  readonly slot: number;
  readonly rule: string;
  readonly action: Action;
}

/** What a reload changes among the counters. */
export interface SlotPlan {
  /** The slot of every rule of the set, in its order. */
  readonly slots: readonly number[];
  /** Pairs that are no longer in the table but keep their series, oldest first. */
  readonly retired: readonly SlotEntry[];
  /** Pairs whose counts go into the sum of retired rules; their slots are free after that. */
  readonly folded: readonly SlotEntry[];
  /** Slots ever used, counted from slot 0: what a reader has to look at. */
  readonly slotCount: number;
}

/**
 * Gives every (rule name, action) pair a slot among the counters and keeps it as long as it can: while
 * the pair is in the table, and after that until 1,000 younger pairs have retired or the room is
 * needed. Owned by main; plans are made one at a time, and take effect with `adopt`.
 */
export class SlotRegistry {
  private live = new Map<string, SlotEntry>();
  /** Insertion order is the order of retirement. */
  private retired = new Map<string, SlotEntry>();
  private free: number[] = [];
  private nextSlot = FIRST_RULE_SLOT;

  /** @param capacity rules, live and retired together (`UPE_RULE_CAPACITY`). */
  constructor(private readonly capacity: number) {}

  /**
   * Plans the slots for a rule set without changing anything.
   *
   * @throws RuleCapacityError when the set does not fit even with every retired pair folded.
   */
  plan(ruleSet: RuleSet): SlotPlan {
    if (ruleSet.rules.length > this.capacity)
      throw new RuleCapacityError(ruleSet.rules.length, 0, this.capacity);
    const wanted = new Set(ruleSet.rules.map((rule) => pairKey(rule.name, rule.action)));
    const retired: SlotEntry[] = [];
    for (const [key, entry] of this.retired) if (!wanted.has(key)) retired.push(entry);
    const alreadyRetired = retired.length;
    for (const [key, entry] of this.live) if (!wanted.has(key)) retired.push(entry);

    let fresh = 0;
    for (const key of wanted) if (!this.live.has(key) && !this.retired.has(key)) fresh++;
    const unused = this.capacity - (this.nextSlot - FIRST_RULE_SLOT) + this.free.length;
    // Only pairs retired earlier can give up their slot now: nobody counts in those any more.
    const needed = Math.max(fresh - unused, Math.min(retired.length - RETIRED_PAIRS_MAX, alreadyRetired), 0);
    if (needed > alreadyRetired) {
      const keptCount = retired.length - alreadyRetired;
      throw new RuleCapacityError(ruleSet.rules.length, keptCount, this.capacity);
    }
    const folded = retired.splice(0, needed);

    const available = [...this.free, ...folded.map((entry) => entry.slot)];
    let next = this.nextSlot;
    const slots = ruleSet.rules.map((rule) => {
      const key = pairKey(rule.name, rule.action);
      const known = this.live.get(key) ?? this.retired.get(key);
      return known?.slot ?? available.shift() ?? next++;
    });
    return { slots, retired, folded, slotCount: next };
  }

  /** Makes a plan the present state; the rule set is the one it was made for. */
  adopt(ruleSet: RuleSet, plan: SlotPlan): void {
    this.live = new Map();
    ruleSet.rules.forEach((rule, i) => {
      const entry = { slot: plan.slots[i], rule: rule.name, action: rule.action };
      this.live.set(pairKey(rule.name, rule.action), entry);
    });
    this.retired = new Map(plan.retired.map((entry) => [pairKey(entry.rule, entry.action), entry]));
    const used = new Set([...plan.slots, ...plan.retired.map((entry) => entry.slot)]);
    this.free = [];
    for (let slot = FIRST_RULE_SLOT; slot < plan.slotCount; slot++) if (!used.has(slot)) this.free.push(slot);
    this.nextSlot = plan.slotCount;
  }
}

function pairKey(name: string, action: Action): string {
  return `${ACTIONS.indexOf(action)} ${name}`;
}
