import type { ReloadOutcome } from '../stats-messages.js';
import { RELOADS_WAITING_MAX } from './limits.js';

/** The answer to a request to reload. */
export interface ReloadAnswer {
  readonly status: 200 | 400 | 500 | 503;
  readonly text: string;
}

/** Answers requests to load the rules again with what became of it. */
export class ReloadEndpoint {
  private waitingCount = 0;

  /** @param reload has the rules loaded again. */
  constructor(private readonly reload: () => Promise<ReloadOutcome>) {}

  async answer(): Promise<ReloadAnswer> {
    if (this.waitingCount >= RELOADS_WAITING_MAX) {
      return { status: 503, text: 'Too many requests to reload wait for their answer.\n' };
    }
    this.waitingCount++;
    try {
      return answerOf(await this.reload());
    } finally {
      this.waitingCount--;
    }
  }
}

function answerOf(outcome: ReloadOutcome): ReloadAnswer {
  switch (outcome.kind) {
    case 'loaded': {
      const rules = outcome.ruleCount === 1 ? '1 rule' : `${outcome.ruleCount} rules`;
      return { status: 200, text: `Generation ${outcome.generation} is in use: ${rules}.\n` };
    }
    case 'failed':
      return { status: outcome.isInvalid ? 400 : 500, text: `${outcome.problems.join('\n')}\n` };
    case 'stopping':
      return { status: 503, text: 'UPE is stopping.\n' };
  }
}
