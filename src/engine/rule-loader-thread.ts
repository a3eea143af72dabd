import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { EnvironmentError, RuleFileError, RuleTableSizeError } from '../errors.js';
import { threadId } from '../kernel/thread-id.js';
import { compileRules } from '../rules/compile/compile-rules.js';
import { packRules } from '../rules/packed-rules.js';
import { loadRuleFile } from '../rules/rule-file.js';
import type { LoadedRules, RuleLoaderData } from './rule-loader.js';
import { withLittleInlining } from './v8-flags.js';

function load({ file, interfaces }: RuleLoaderData): LoadedRules {
  try {
    const beganMs = performance.now();
    const ruleSet = loadRuleFile(file);
    const parsedMs = performance.now();
    const compiled = withLittleInlining(() => compileRules(ruleSet, interfaces));
    const compileMs = performance.now() - parsedMs;
    const packed = packRules(ruleSet);
    return { kind: 'rules', ruleSet, compiled, packed, parseMs: parsedMs - beganMs, compileMs };
  } catch (error) {
    if (error instanceof RuleFileError)
      return { kind: 'invalid', file: error.file, problems: error.problems };
    if (error instanceof RuleTableSizeError) return { kind: 'tooLarge', bytesMax: error.bytesMax };
    if (error instanceof EnvironmentError) return { kind: 'unreadable', message: error.message };
    throw error;
  }
}

// It is busy for seconds, and where processors are few the packets' threads must have theirs at once: to Linux
// setpriority(2) of a thread is that thread's own matter.
setPriority(threadId(), constants.priority.PRIORITY_LOW);
parentPort?.postMessage(load(workerData as RuleLoaderData));
