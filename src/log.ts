import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Levels of `UPE_LOG_LEVEL`, pino's own. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * The one logger, JSON lines on standard output. Main and the stats thread each make one; dataplane
 * threads log nothing themselves, they tell main. Written synchronously, so that the last words of a
 * process that ends are not lost.
 */
export function createLogger(level: LogLevel, thread: string): Logger {
  return pino(
    { level, base: { thread }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 1, sync: true }),
  );
}
