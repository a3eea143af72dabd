import { closest } from 'fastest-levenshtein';
import { ConfigError } from '../errors.js';
import {
  COMMAND_NAMES,
  COMMANDS,
  type CommandName,
  FIREWALLS,
  type Firewall,
  isCommandName,
  isFirewall,
  ownFlagsOf,
} from './commands.js';
import { type ReadFlags, readFlags } from './flags.js';
import { joinWords } from './formats.js';
import type { FlagValues } from './schema.js';

/** What a command line asks for. Values of flags are texts here; `loadConfig` checks them. */
export type CommandLine =
  | { readonly command: 'run'; readonly flags: FlagValues }
  | {
      readonly command: 'replay';
      /** At least one; `-` is standard input. */
      readonly files: readonly string[];
      /** A rule file to compare with, or `null`. */
      readonly against: string | null;
      readonly json: boolean;
      readonly flags: FlagValues;
    }
  | {
      readonly command: 'check';
      /** Partial overlaps are wanted as well. */
      readonly overlaps: boolean;
      readonly json: boolean;
      readonly flags: FlagValues;
    }
  | {
      readonly command: 'explain';
      /** None, or what describes a packet. */
      readonly operands: readonly string[];
      /** Values of the command's own flags, by flag. */
      readonly texts: ReadonlyMap<string, string>;
      readonly all: boolean;
      readonly each: boolean;
      readonly json: boolean;
      readonly flags: FlagValues;
    }
  | {
      readonly command: 'import';
      readonly firewall: Firewall;
      /** `-` is standard input. */
      readonly file: string;
      /** A base chain as the user names it, or `null`. */
      readonly chain: string | null;
      readonly ipv6: boolean;
    }
  | {
      readonly command: 'capture';
      /** Values of the command's own flags, by flag; there is one of `rule`. */
      readonly texts: ReadonlyMap<string, string>;
      readonly flags: FlagValues;
    }
  | {
      readonly command: 'unused';
      /** Values of the command's own flags, by flag; there is one of `prometheus`. */
      readonly texts: ReadonlyMap<string, string>;
      readonly json: boolean;
      readonly flags: FlagValues;
    }
  | {
      readonly command: 'top';
      /** Values of the command's own flags, by flag. */
      readonly texts: ReadonlyMap<string, string>;
      readonly unmatched: boolean;
      readonly json: boolean;
      readonly flags: FlagValues;
    }
  | { readonly command: 'healthcheck'; readonly ready: boolean; readonly flags: FlagValues }
  | { readonly command: 'help'; readonly topic: CommandName | null }
  | { readonly command: 'version' };

/**
 * Reads a command line. Flags may stand anywhere before `--`, the command's name included; a flag that
 * is given twice is a mistake, because one of its values would be lost. `--help` and `--version` win
 * over any mistake beside them.
 *
 * @param argv the arguments after the program's name.
 * @throws ConfigError when there is no command, or with every mistake in the flags, or else with every
 *   one in the operands: beside an unknown flag, its value would look like an operand.
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const given = readFlags(argv);
  const { switches, problems } = given;
  const [command, ...operands] = given.operands;

  if (switches.has('help')) return { command: 'help', topic: helpTopic(given.operands) };
  if (switches.has('version')) return { command: 'version' };
  if (problems.size > 0) throw new ConfigError([...problems]);
  if (command === undefined) throw new ConfigError([`No command is given; ${commandsHint()}.`]);
  if (command === 'help') return readHelp(operands);
  if (!isCommandName(command)) throw new ConfigError([unknownCommand(command)]);
  return readCommand(command, operands, given);
}

/** The command that help is asked about; `null` when no command, or no known one, is named. */
function helpTopic(words: readonly (string | undefined)[]): CommandName | null {
  const topic = words[0] === 'help' ? words[1] : words[0];
  return topic !== undefined && isCommandName(topic) ? topic : null;
}

function readHelp(operands: readonly string[]): CommandLine {
  const [topic, ...others] = operands;
  if (others.length > 0) throw new ConfigError([tooManyOperands('help', others)]);
  if (topic === undefined || topic === 'help') return { command: 'help', topic: null };
  if (!isCommandName(topic)) throw new ConfigError([unknownCommand(topic)]);
  return { command: 'help', topic };
}

function readCommand(
  command: CommandName,
  operands: readonly string[],
  { values, switches, texts }: ReadFlags,
): CommandLine {
  const problems = misplacedFlags(command, [...switches, ...texts.keys()]);
  if (command === 'replay' && operands.length === 0) {
    problems.push('replay needs a FILE: give one or more capture files, or - for standard input.');
  }
  if (command === 'import') problems.push(...importProblems(operands, switches));
  if (command === 'unused' && !texts.has('prometheus')) {
    problems.push('unused needs --prometheus URL: the address of a Prometheus, like http://localhost:9090.');
  }
  if (command === 'capture' && !texts.has('rule')) {
    problems.push('capture needs --rule NAME: the rule whose packets are wanted.');
  }
  if (COMMANDS[command].operands === '' && operands.length > 0) {
    problems.push(tooManyOperands(command, operands));
  }
  if (problems.length > 0) throw new ConfigError(problems);

  const flags = values;
  const json = switches.has('json');
  switch (command) {
    case 'run':
      return { command, flags };
    case 'check':
      return { command, overlaps: switches.has('overlaps'), json, flags };
    case 'replay':
      return { command, files: operands, against: texts.get('against') ?? null, json, flags };
    case 'explain':
      return { command, operands, texts, all: switches.has('all'), each: switches.has('each'), json, flags };
    case 'import': {
      const [firewall, file = '-'] = operands as [Firewall, string?];
      return { command, firewall, file, chain: texts.get('chain') ?? null, ipv6: switches.has('ipv6') };
    }
    case 'capture':
      return { command, texts, flags };
    case 'unused':
      return { command, texts, json, flags };
    case 'top':
      return { command, texts, unmatched: switches.has('unmatched'), json, flags };
    case 'healthcheck':
      return { command, ready: switches.has('ready'), flags };
  }
}

function importProblems(operands: readonly string[], switches: ReadonlySet<string>): string[] {
  const [firewall, , ...others] = operands;
  const firewalls = joinWords([...FIREWALLS], 'or');
  if (firewall === undefined) return [`import needs to know whose rules it reads: ${firewalls}.`];
  if (!isFirewall(firewall)) {
    const nearest = closest(firewall.toLowerCase(), [...FIREWALLS]);
    return [`import reads ${firewalls}, not ${JSON.stringify(firewall)}; the nearest name is ${nearest}.`];
  }
  const problems: string[] = [];
  if (others.length > 0) problems.push(tooManyOperands('import', others));
  if (firewall === 'nftables' && switches.has('ipv6')) {
    problems.push('--ipv6 is for iptables; nftables says itself which rules are of IPv6, so leave it out.');
  }
  return problems;
}

/** One sentence for each flag that belongs to other commands only. */
function misplacedFlags(command: CommandName, given: readonly string[]): string[] {
  const problems: string[] = [];
  for (const flag of given) {
    const owners = COMMAND_NAMES.filter((name) => ownFlagsOf(name).some((own) => own.flag === flag));
    if (owners.length > 0 && !owners.includes(command)) {
      problems.push(`--${flag} belongs to ${joinWords(owners, 'and')}, not to ${command}; leave it out.`);
    }
  }
  return problems;
}

const OPERAND_LIMITS: ReadonlyMap<CommandName | 'help', string> = new Map([
  ['help', 'takes the name of one command'],
  ['import', 'takes one file'],
]);

function tooManyOperands(command: CommandName | 'help', operands: readonly string[]): string {
  const given = joinWords(
    operands.map((operand) => JSON.stringify(operand)),
    'and',
  );
  const limit = OPERAND_LIMITS.get(command) ?? 'takes no argument beside its flags';
  const hint = command === 'check' ? ', or give a rule file as --rules FILE' : '';
  return `${command} ${limit}, but ${given} follows; leave it out${hint}.`;
}

function unknownCommand(typed: string): string {
  const nearest = closest(typed.toLowerCase(), [...COMMAND_NAMES, 'help']);
  return `${JSON.stringify(typed)} is not a command; the nearest name is ${nearest}, and ${commandsHint()}.`;
}

function commandsHint(): string {
  return `the commands are ${joinWords([...COMMAND_NAMES, 'help'], 'and')}`;
}
