import { parentPort, workerData } from 'node:worker_threads';
import { UpeError } from '../errors.js';
import { pinThread } from '../kernel/affinity.js';
import { createLogger, type LogLevel } from '../log.js';
import { MonotonicClock } from '../memory/clock.js';
import type { FromStats, ReloadOutcome, ToStats } from './stats-messages.js';
import { StatsService, type StatsServiceConfig } from './stats-service.js';

/** What main passes to the stats thread. */
export interface StatsThreadData {
  readonly config: StatsServiceConfig;
  /** The processor to run on, or `null`. */
  readonly cpu: number | null;
  readonly logLevel: LogLevel;
}

const port = parentPort;
if (port === null) throw new Error('stats-thread.js runs as a worker thread only');
const { config, cpu, logLevel } = workerData as StatsThreadData;
const log = createLogger(logLevel, 'stats');
const notPinned = pinThread('stats', cpu);
if (notPinned !== null) log.warn(notPinned);
const answer = (message: FromStats) => port.postMessage(message);
const reloads = new Map<number, (outcome: ReloadOutcome) => void>();
let lastReload = 0;

/** Has main load the rules again. */
function reload(): Promise<ReloadOutcome> {
  const id = ++lastReload;
  answer({ kind: 'reloadWanted', id });
  return new Promise((resolve) => {
    reloads.set(id, resolve);
  });
}

const service = new StatsService(config, { clock: new MonotonicClock(), log, reload });

async function handle(message: ToStats): Promise<void> {
  switch (message.kind) {
    case 'prepareRules': {
      const reason = await service.prepareRules(message.notice);
      answer(
        reason === null
          ? { kind: 'rulesPrepared', history: service.history }
          : { kind: 'rulesRefused', reason },
      );
      return;
    }
    case 'rulesInUse':
      service.rulesInUse(message.atMs);
      return;
    case 'reloadFailed':
      service.reloadFailed(message.atMs, message.problems);
      return;
    case 'rulesLinted':
      service.rulesLinted(message);
      return;
    case 'reloadAnswered':
      reloads.get(message.id)?.(message.outcome);
      reloads.delete(message.id);
      return;
    case 'stop':
      answer({ kind: 'stopped', summary: await service.stop() });
      port?.close();
      return;
  }
}

port.on('message', (message: ToStats) => void handle(message));
try {
  answer({ kind: 'ready', port: await service.start() });
} catch (error) {
  // What a user can mend goes to main as a sentence; a defect goes up with its stack.
  if (!(error instanceof UpeError)) throw error;
  answer({ kind: 'failed', message: error.message });
  port.close();
}
