import type { EngineMemory } from '../../src/engine/engine-memory.js';
import {
  CONTROL_GENERATION_IN_USE,
  CONTROL_TABLE_GENERATION,
  controlOf,
} from '../../src/memory/control-layout.js';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import { createMatcher } from '../../src/rules/create-matcher.js';
import { RuleTable } from '../../src/rules/rule-table.js';
import { SlotRegistry } from '../../src/rules/slot-registry.js';
import type { Judgement } from '../../src/worker/packet-judge.js';
import { type SimulatedTable, TABLES } from './simulated-traffic.js';

interface Next {
  /** Position in `tables`. */
  readonly table: number;
  readonly judgement: Judgement;
}

/**
 * Main's side of reloads, as `RuleDeployment` does it but without waiting: stats knows of the slots first,
 * then every worker finds the table, then its number; the next table waits until all use this one.
 */
export class SimulatedRules {
  readonly tables: readonly SimulatedTable[] = TABLES;
  /** The rules that a worker begins with. */
  newest: Judgement;
  /** The slot of every (rule, action) pair so far. */
  readonly slots = new Map<string, number>();
  /** What stats has to look at. */
  slotCount = 0;
  private generation = 1;
  private newestTable = 0;
  private readonly registry: SlotRegistry;
  private readonly waiting: readonly Next[][];
  private readonly controls: readonly Int32Array[];

  constructor(memory: EngineMemory, ruleCapacity: number) {
    this.registry = new SlotRegistry(ruleCapacity);
    this.controls = memory.rings.map((_, worker) => controlOf(memory.control, 1 + worker));
    this.waiting = memory.rings.map(() => []);
    this.newest = this.build(0);
    for (const control of this.controls) {
      Atomics.store(control, CONTROL_TABLE_GENERATION, this.generation);
      Atomics.store(control, CONTROL_GENERATION_IN_USE, this.generation);
    }
  }

  /** @returns false while the table before is not yet in use by every worker. */
  reload(table: number): boolean {
    const isInUse = (control: Int32Array) =>
      Atomics.load(control, CONTROL_GENERATION_IN_USE) === this.generation;
    if (!this.controls.every(isInUse)) return false;
    this.generation++;
    const judgement = this.build(table);
    this.newest = judgement;
    this.newestTable = table;
    this.controls.forEach((control, worker) => {
      this.waiting[worker].push({ table, judgement });
      Atomics.store(control, CONTROL_TABLE_GENERATION, this.generation);
    });
    return true;
  }

  nextOf(worker: number): Next | null {
    return this.waiting[worker].shift() ?? null;
  }

  /** A worker begins with the newest table: what waits for it is no news. @returns the table's position. */
  renew(worker: number): number {
    this.waiting[worker].length = 0;
    return this.newestTable;
  }

  private build(table: number): Judgement {
    const { ruleSet } = this.tables[table];
    const plan = this.registry.plan(ruleSet);
    this.registry.adopt(ruleSet, plan);
    this.slotCount = plan.slotCount;
    ruleSet.rules.forEach(({ name, action }, i) => {
      this.slots.set(`${name} ${action}`, plan.slots[i]);
    });
    const memory = buildRuleTable(ruleSet, plan.slots, ['a', 'b'], this.generation);
    const ruleTable = new RuleTable(memory);
    return { table: ruleTable, matcher: createMatcher(memory, ruleTable) };
  }
}
