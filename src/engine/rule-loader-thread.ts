import { parentPort, workerData } from 'node:worker_threads';
import { EnvironmentError, RuleFileError } from '../errors.js';
import { loadRuleFile } from '../rules/rule-file.js';
import type { LoadedRules } from './rule-loader.js';

function load(file: string): LoadedRules {
  try {
    return { kind: 'rules', ruleSet: loadRuleFile(file) };
  } catch (error) {
    if (error instanceof RuleFileError)
      return { kind: 'invalid', file: error.file, problems: error.problems };
    if (error instanceof EnvironmentError) return { kind: 'unreadable', message: error.message };
    throw error;
  }
}

parentPort?.postMessage(load(workerData as string));
