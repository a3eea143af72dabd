import { ask } from './api.js';
import type { TableEvent } from './events.js';

/** A rule as `GET /api/v1/rules` lists it: as much of it as the page shows. */
export interface RuleFacts {
  readonly position: number;
  readonly rule: string;
  readonly action: string;
  readonly out_interface: string | null;
  readonly priority: number;
  readonly match: string;
  readonly packets: number;
  readonly last_match: string | null;
  readonly in_table_since: string;
}

/** A rule of the table, with what the search looks through. */
export interface ListedRule extends RuleFacts {
  /** Its name and its match, in lower case. */
  readonly text: string;
}

/** Rules that are asked for at a time: 0.6 MB of JSON, which a browser takes apart between two frames. */
const RULES_A_REQUEST = 2000;

/** Fetches the rules of a table; `null` where another one has come into use meanwhile. */
export async function fetchRules({ generation, rules }: TableEvent): Promise<ListedRule[] | null> {
  const listed: ListedRule[] = [];
  while (listed.length < rules) {
    const path = `/api/v1/rules?limit=${RULES_A_REQUEST}&offset=${listed.length}`;
    const answer = await ask<{ generation: number; rules: RuleFacts[] }>(path);
    if (answer.generation !== generation || answer.rules.length === 0) return null;
    for (const facts of answer.rules) {
      listed.push({ ...facts, text: `${facts.rule}\n${facts.match}`.toLowerCase() });
    }
  }
  return listed;
}

/** What a rule does, in words. */
export function actionText({ action, out_interface }: RuleFacts): string {
  return out_interface === null ? action : `${action} to ${out_interface}`;
}
