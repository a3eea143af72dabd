import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { ConfigError, EnvironmentError, InvariantError } from '../errors.js';
import type { Clock } from '../memory/clock.js';
import {
  CONTROL_DOORBELL,
  CONTROL_GENERATION_IN_USE,
  CONTROL_TABLE_GENERATION,
  controlOf,
} from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { buildRuleTable } from '../rules/build-rule-table.js';
import { compileRules } from '../rules/compile/compile-rules.js';
import { type CompiledMemory, placeCompiled } from '../rules/compiled-memory.js';
import type { RuleSet } from '../rules/rule.js';
import type { RuleTableMemory } from '../rules/rule-table.js';
import { type SlotPlan, SlotRegistry } from '../rules/slot-registry.js';
import type { RulesNotice } from '../stats/rule-series.js';

/** How long a worker may take to get between two hands of packets, milliseconds. */
const SWAP_MS_MAX = 10_000;

export interface RuleDeploymentConfig {
  readonly ruleCapacity: number;
  readonly interfaces: readonly string[];
  /** Why a rule set cannot be used here: one sentence each. */
  readonly problemsOf: (ruleSet: RuleSet) => readonly string[];
}

export interface RuleDeploymentDeps {
  readonly clock: Clock;
  readonly control: SharedArrayBuffer;
  /** One a worker, another one when the worker is replaced; it reads them between hands. */
  readonly ports: readonly MessagePort[];
  /** Tells the stats thread of a table before any worker uses it. Throws when it refuses. */
  readonly prepareStats: (notice: RulesNotice) => Promise<void>;
  /** Positions of the interfaces that rules forward to, before a table with such rules is used. */
  readonly setTargets: (targets: ReadonlySet<number>) => void;
  /** Tells it that all workers do. */
  readonly announceInUse: () => void;
}

/** The first table of an engine, and what stats is told of it. */
export interface FirstTable {
  readonly table: RuleTableMemory;
  readonly notice: RulesNotice;
}

/**
 * Puts rule tables into use. A table is built aside, stats makes room for its series, every worker
 * takes it between two hands of packets; only when the last one has left the old table is the next one begun.
 */
export class RuleDeployment {
  private readonly registry: SlotRegistry;
  private generation = 1;
  private newest: RuleTableMemory | null = null;
  /**
   * What the next table may lie in, because all workers have said that they judge by a later one, and a successor begins
   * with the newest. Used again, because workers let go of memory only when they collect garbage, and make hardly any.
   */
  private spare: WebAssembly.Memory | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private targets: ReadonlySet<number> = new Set();
  /** By slot, of the pairs in the table: since when each has been in it, Unix time in milliseconds. */
  private inTableSinceMs: ReadonlyMap<number, number> = new Map();

  constructor(
    private readonly config: RuleDeploymentConfig,
    private readonly deps: RuleDeploymentDeps,
  ) {
    this.registry = new SlotRegistry(config.ruleCapacity);
  }

  /** Lays out the table to start with. Throws when the set cannot be used here. */
  first(ruleSet: RuleSet): FirstTable {
    this.refuse(ruleSet);
    this.targets = this.targetsOf(ruleSet);
    const plan = this.registry.plan(ruleSet);
    this.registry.adopt(ruleSet, plan);
    const table = buildRuleTable(ruleSet, plan.slots, this.config.interfaces, this.generation);
    this.newest = table;
    this.inTableSinceMs = this.sinceOf(plan);
    return { table, notice: noticeOf(ruleSet, plan, table, this.inTableSinceMs) };
  }

  /** What a worker that begins now begins with. Throws before `first`. */
  get table(): RuleTableMemory {
    if (this.newest === null) throw new InvariantError('there is no rule table yet');
    return this.newest;
  }

  /** The interfaces are open. */
  begin(): void {
    this.deps.setTargets(this.targets);
  }

  /**
   * Replaces the table in all workers, after any replacement that is under way.
   *
   * @param compiled of `compileRules` for these interfaces, where another thread has done that.
   * @returns the generation in use then.
   * @throws an UpeError when the set cannot be used; the old table stays in use then.
   */
  replace(ruleSet: RuleSet, compiled?: SharedArrayBuffer | null): Promise<number> {
    const next = this.last.then(() => this.swap(ruleSet, compiled));
    this.last = next.catch(() => undefined);
    return next;
  }

  private async swap(ruleSet: RuleSet, given: SharedArrayBuffer | null | undefined): Promise<number> {
    this.refuse(ruleSet);
    const { interfaces } = this.config;
    const plan = this.registry.plan(ruleSet);
    const generation = this.generation + 1;
    const before = this.newest;
    const compiled = this.place(given === undefined ? compileRules(ruleSet, interfaces) : given);
    const table = buildRuleTable(ruleSet, plan.slots, interfaces, generation, compiled);
    const since = this.sinceOf(plan);
    try {
      await this.deps.prepareStats(noticeOf(ruleSet, plan, table, since));
    } catch (error) {
      // No worker has seen it.
      this.keepSpare(compiled);
      throw error;
    }
    this.registry.adopt(ruleSet, plan);
    this.inTableSinceMs = since;
    this.generation = generation;
    this.newest = table;
    // For a moment both tables are in use.
    const targets = this.targetsOf(ruleSet);
    this.deps.setTargets(new Set([...this.targets, ...targets]));
    const controls = this.deps.ports.map((_, worker) => controlOf(this.deps.control, 1 + worker));
    controls.forEach((control, worker) => {
      // The table first, its number second: a worker that sees the number finds the table in its port.
      this.deps.ports[worker].postMessage(table);
      Atomics.store(control, CONTROL_TABLE_GENERATION, generation);
      new Doorbell(control, CONTROL_DOORBELL).ring();
    });
    await untilInUse(controls, generation);
    this.keepSpare(before?.compiled ?? null);
    this.targets = targets;
    this.deps.setTargets(targets);
    this.deps.announceInUse();
    return generation;
  }

  private place(compiled: SharedArrayBuffer | null): CompiledMemory | null {
    if (compiled === null) return null;
    const memory = placeCompiled(compiled, this.spare);
    if (memory === this.spare) this.spare = null;
    return memory;
  }

  private keepSpare(memory: CompiledMemory | null): void {
    if (memory instanceof WebAssembly.Memory) this.spare = memory;
  }

  private refuse(ruleSet: RuleSet): void {
    const problems = this.config.problemsOf(ruleSet);
    if (problems.length > 0) throw new ConfigError(problems);
  }

  /** A slot never goes from one pair of a table to another one of the next, so a slot that stays is a pair that stays. */
  private sinceOf({ slots }: SlotPlan): ReadonlyMap<number, number> {
    const nowMs = this.deps.clock.unixMs();
    return new Map(slots.map((slot) => [slot, this.inTableSinceMs.get(slot) ?? nowMs]));
  }

  private targetsOf(ruleSet: RuleSet): ReadonlySet<number> {
    const { interfaces } = this.config;
    const names = ruleSet.rules.flatMap(({ outInterface }) => (outInterface === null ? [] : [outInterface]));
    return new Set(names.map((name) => interfaces.indexOf(name)).filter((position) => position >= 0));
  }
}

async function untilInUse(controls: readonly Int32Array[], generation: number): Promise<void> {
  const endMs = performance.now() + SWAP_MS_MAX;
  for (const [worker, control] of controls.entries()) {
    while (Atomics.load(control, CONTROL_GENERATION_IN_USE) !== generation) {
      if (performance.now() > endMs) {
        throw new EnvironmentError(
          `worker ${worker} has not taken over rule table ${generation} within ${SWAP_MS_MAX / 1000} s`,
        );
      }
      await sleep(1);
    }
  }
}

function noticeOf(
  ruleSet: RuleSet,
  plan: SlotPlan,
  table: RuleTableMemory,
  since: ReadonlyMap<number, number>,
): RulesNotice {
  return {
    generation: table.generation,
    sha256: ruleSet.sha256,
    defaultAction: ruleSet.defaultAction,
    live: ruleSet.rules.map((rule, i) => ({
      slot: plan.slots[i],
      rule: rule.name,
      action: rule.action,
      priority: rule.priority,
      matchText: rule.matchText,
      outInterface: rule.outInterface,
      inTableSinceMs: since.get(plan.slots[i])!,
    })),
    retired: plan.retired,
    folded: plan.folded,
    slotCount: plan.slotCount,
    table: table.buffer,
  };
}
