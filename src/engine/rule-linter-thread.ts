import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { threadId } from '../kernel/thread-id.js';
import { shadowedRules } from '../rules/lint/lint-rules.js';
import { unpackRules } from '../rules/packed-rules.js';
import type { LintedRules, RuleLinterData } from './rule-linter.js';

// It has all the time in the world, and the packets' threads have none: see rule-loader-thread.ts.
setPriority(threadId(), constants.priority.PRIORITY_LOW);
const { rules } = workerData as RuleLinterData;
parentPort?.postMessage({ shadowed: shadowedRules(unpackRules(rules)) } satisfies LintedRules);
