import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Levels of `UPE_LOG_LEVEL`, pino's own. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What is kept of a log that cannot be written, characters; later lines are dropped. */
const UNWRITTEN_CHARACTERS_MAX = 1_048_576;
const STANDARD_ERROR_FD = 2;

/**
 * The one logger, JSON lines on standard output. Main and the stats thread each make one; dataplane
 * threads log nothing themselves, they tell main. Written synchronously, so that the last words of a
 * process that ends are not lost. A disk that is full costs the log and not the packets: lines wait until
 * there is room, or are dropped.
 */
export function createLogger(level: LogLevel, thread: string): Logger {
  const destination = pino.destination({ fd: 1, sync: true, maxLength: UNWRITTEN_CHARACTERS_MAX });
  let hasComplained = false;
  destination.on('error', (error: Error) => {
    if (hasComplained) return;
    hasComplained = true;
    complain(`upe: the ${thread} thread cannot write its log, and goes on without: ${error.message}\n`);
  });
  return pino({ level, base: { thread }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/** Not through `process.stderr`, which throws where standard error is on the same full disk. */
function complain(text: string): void {
  try {
    writeSync(STANDARD_ERROR_FD, text);
  } catch {
    // There is nobody left to tell.
  }
}
