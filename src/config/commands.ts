/** A flag that belongs to one command and has no variable. It takes no value. */
export interface CommandFlag {
  readonly flag: string;
  readonly doc: string;
}

export interface Command {
  /** Operands, as the usage line shows them; empty when the command takes none. */
  readonly operands: string;
  /** What the command does, in one sentence. */
  readonly doc: string;
  /** The command's own flag, or `null`. */
  readonly ownFlag: CommandFlag | null;
}

/** The commands, in the order of help. `help` itself is not among them: it has nothing to configure. */
export const COMMANDS = {
  run: {
    operands: '',
    doc: 'Runs the engine on a source and serves metrics until SIGTERM or SIGINT.',
    ownFlag: null,
  },
  replay: {
    operands: 'FILE...',
    doc: 'Pushes capture files (-: standard input) through the engine, losing nothing, and prints the totals by rule.',
    ownFlag: { flag: 'json', doc: 'Prints one JSON object instead of a table.' },
  },
  check: {
    operands: '',
    doc: 'Validates the environment and the rules, and prints every error as file:line:column: message.',
    ownFlag: null,
  },
  healthcheck: {
    operands: '',
    doc: 'Exits with 0 if the engine on the configured port is healthy; for containers.',
    ownFlag: { flag: 'ready', doc: 'Asks whether the engine is ready, instead of healthy.' },
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES = Object.keys(COMMANDS) as readonly CommandName[];

export function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}
