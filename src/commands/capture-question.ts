import { integer } from '../config/formats.js';
import { ConfigError } from '../errors.js';
import { CAPTURE_LIMITS } from '../stats/http/captures-schema.js';
import { accessOf, type EngineAccess } from './engine-access.js';

/** What the flags of `upe capture` say, checked. */
export interface CaptureQuestion {
  /** What is asked for, as the API takes it. */
  readonly body: Readonly<Record<string, string | number>>;
  readonly rule: string;
  /** Where the packets go; `-` is standard output. */
  readonly write: string;
  readonly access: EngineAccess;
}

const LIMIT_FLAGS = [
  ['packets', 'packets'],
  ['bytes', 'bytes'],
  ['seconds', 'seconds'],
  ['snap-length', 'snap_length'],
] as const;

/**
 * Reads the flags, and the files that they name.
 *
 * @param texts values of the command's own flags, by flag; there is one of `rule`.
 * @throws ConfigError with every problem, EnvironmentError where a file cannot be read.
 */
export function captureQuestion(texts: ReadonlyMap<string, string>): CaptureQuestion {
  const problems: string[] = [];
  const rule = texts.get('rule') ?? '';
  const body: Record<string, string | number> = { rule };
  for (const [flag, field] of LIMIT_FLAGS) {
    const text = texts.get(flag);
    if (text === undefined) continue;
    const { minimum, maximum } = CAPTURE_LIMITS[field];
    const format = integer({ min: minimum, max: maximum });
    const value = format.parse(text);
    if (value === undefined) {
      problems.push(`--${flag} is ${JSON.stringify(text)}, but it must be ${format.expectation}.`);
    } else body[field] = value;
  }
  const readAccess = accessOf(texts, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { body, rule, write: texts.get('write') ?? '-', access: readAccess() };
}
