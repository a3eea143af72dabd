/**
 * The root of every error that UPE raises on purpose: the message names the field, the value and the
 * limit, and says what to do. `code` is stable, for tests and log queries; a user never sees a stack of
 * these, because the message is meant to be enough.
 */
export abstract class UpeError extends Error {
  abstract readonly code: string;
  /** Exit code of the process when this error ends a command: 1 at run time, 2 for usage and configuration. */
  readonly exitCode: 1 | 2 = 1;

  override get name(): string {
    return this.constructor.name;
  }
}

/** A mistake in environment variables, flags or the combination of them. */
export class ConfigError extends UpeError {
  readonly code = 'UPE_CONFIG';
  override readonly exitCode = 2;

  /** @param problems one complete sentence a problem, all of them, in the order of the schema. */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** One mistake in a file of the user's, at the place where a person would look for it. */
export interface RuleProblem {
  /** Line in the file, from 1. */
  readonly line: number;
  /** Column in the line, from 1. */
  readonly column: number;
  readonly message: string;
}

/** A YAML file of the user's that cannot be used; lists every mistake as `file:line:column: message`. */
export abstract class FileProblemsError extends UpeError {
  override readonly exitCode = 2;

  constructor(
    readonly file: string,
    readonly problems: readonly RuleProblem[],
  ) {
    super(problems.map((p) => `${file}:${p.line}:${p.column}: ${p.message}`).join('\n'));
  }
}

export class RuleFileError extends FileProblemsError {
  readonly code = 'UPE_RULE_FILE';
}

/** TLS, passwords or headers of the HTTP server that cannot be used as they are written. */
export class WebConfigError extends FileProblemsError {
  readonly code = 'UPE_WEB_CONFIG';
}

/** A rule table that needs more counters than were allocated at the start. */
export class RuleCapacityError extends UpeError {
  readonly code = 'UPE_RULE_CAPACITY';
  override readonly exitCode = 2;

  /**
   * @param ruleCount rules of the table.
   * @param keptCount other rules whose counters cannot be given up yet: they are still in use.
   */
  constructor(ruleCount: number, keptCount: number, capacity: number) {
    const kept = keptCount === 0 ? '' : `, ${keptCount} rules that it replaces keep their counters for now`;
    super(
      `the table has ${ruleCount} rules${kept} and the counters have room for ${capacity}: ` +
        'raise UPE_RULE_CAPACITY and restart',
    );
  }
}

/** A rule table whose compiled form would need more memory than it may have. */
export class RuleTableSizeError extends UpeError {
  readonly code = 'UPE_RULE_TABLE_SIZE';
  override readonly exitCode = 2;

  /** @param bytesMax the limit that it has passed. */
  constructor(readonly bytesMax: number) {
    super(
      `the rules need more than ${bytesMax / 2 ** 20} MiB once they are compiled: ` +
        'use fewer rules, or fewer different networks and port ranges in them',
    );
  }
}

/** A capture file that is damaged, of an unknown format, or of a link type that carries no IP. */
export class CaptureFileError extends UpeError {
  readonly code = 'UPE_CAPTURE_FILE';

  /**
   * @param byteOffset where in the file (or in the stream) the reader stood, from 0.
   * @param reason what is wrong there, without the file's name.
   */
  constructor(
    readonly file: string,
    readonly byteOffset: number,
    readonly reason: string,
  ) {
    super(`${file}: byte ${byteOffset}: ${reason}`);
  }
}

/** Rules of another firewall that cannot be read. */
export class ImportError extends UpeError {
  readonly code = 'UPE_IMPORT';
}

/** The system said no: a file that is missing, a port in use, a permission that is not there. */
export class EnvironmentError extends UpeError {
  readonly code = 'UPE_ENVIRONMENT';
}

/** A Prometheus that does not answer, or not as one does. */
export class PrometheusError extends UpeError {
  readonly code = 'UPE_PROMETHEUS';

  /**
   * @param message begins with its address.
   * @param mayBeTooLarge whether it might answer a smaller question.
   */
  constructor(
    message: string,
    readonly mayBeTooLarge: boolean,
  ) {
    super(message);
  }
}

/** An invariant of the engine does not hold. Always a defect of UPE, never of its input. */
export class InvariantError extends UpeError {
  readonly code = 'UPE_INVARIANT';
}
