import { type ParseArgsConfig, parseArgs } from 'node:util';
import { closest } from 'fastest-levenshtein';
import { COMMAND_NAMES, type FlagValue, isCommandName, ownFlagsOf } from './commands.js';
import { boolean, joinWords } from './formats.js';
import { type FlagValues, SETTING_NAMES, type SettingName, settingOf } from './schema.js';

/** What a flag stands for; several flags may stand for the same. */
interface Flag {
  /** The flag's main name, without dashes. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** The setting that it gives, or `null` when it belongs to a command or asks for help. */
  readonly setting: SettingName | null;
  /** The value of a command's own flag; `null` when it takes none, or is a setting. */
  readonly value: FlagValue | null;
  readonly short: string | null;
}

/** A command line, taken apart. */
export interface ReadFlags {
  /** What is no flag, the command's name first. */
  readonly operands: readonly string[];
  readonly values: FlagValues;
  /** Main names of the flags that are given, are not settings and take no value: `json`, `help`. */
  readonly switches: ReadonlySet<string>;
  /** Values of the flags that are given, are not settings and take one, by main name. */
  readonly texts: ReadonlyMap<string, string>;
  /** Sentences, without repetition. */
  readonly problems: ReadonlySet<string>;
}

type OptionToken = Extract<NonNullable<ReturnType<typeof parseArgs>['tokens']>[number], { kind: 'option' }>;

const FLAGS: readonly Flag[] = [
  ...SETTING_NAMES.map((setting) => {
    const { flag, aliases } = settingOf(setting);
    return { name: flag, aliases, setting, value: null, short: null };
  }),
  ...ownFlags(),
  { name: 'help', aliases: [], setting: null, value: null, short: 'h' },
  { name: 'version', aliases: [], setting: null, value: null, short: 'V' },
];

/** What every command takes. */
const COMMON_FLAGS: readonly string[] = ['help', 'version'];

/** One flag for all commands that share it. */
function ownFlags(): Flag[] {
  const byName = new Map<string, Flag>();
  for (const { flag, value } of COMMAND_NAMES.flatMap(ownFlagsOf)) {
    byName.set(flag, { name: flag, aliases: [], setting: null, value, short: null });
  }
  return [...byName.values()];
}

const FLAG_BY_NAME: ReadonlyMap<string, Flag> = new Map(
  FLAGS.flatMap((flag) => [flag.name, ...flag.aliases].map((name) => [name, flag])),
);

/**
 * Takes a command line apart.
 *
 * @param argv the arguments after the program's name.
 */
export function readFlags(argv: readonly string[]): ReadFlags {
  // Strictness is ours: parseArgs's own stops at the first mistake, knows no nearest name, and has no
  // flag like --pcap-loop whose value may be left out.
  const { tokens } = parseArgs({
    args: [...argv],
    options: parseArgsOptions(),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const operands = tokens.flatMap((token) => (token.kind === 'positional' ? token.value : []));
  const values: { [Name in SettingName]?: string } = {};
  const switches = new Set<string>();
  const texts = new Map<string, string>();
  const seen = new Set<Flag>();
  const problems = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const flag = FLAG_BY_NAME.get(token.name);
    if (flag === undefined) {
      // The argument as it was typed: parseArgs has taken a mistyped -json apart into -j, -s, -o, -n.
      problems.add(unknownFlag(argv[token.index].split('=')[0], operands[0]));
      continue;
    }
    if (seen.has(flag)) {
      const names = [flag.name, ...flag.aliases].map((name) => `--${name}`);
      problems.add(`${joinWords(names, 'or')} is given more than once; keep one of them.`);
    }
    seen.add(flag);
    const problem = valueProblem(token, flag);
    if (problem !== null) problems.add(problem);
    else if (flag.setting !== null) values[flag.setting] = token.value ?? 'true';
    else if (flag.value !== null) texts.set(flag.name, token.value ?? '');
    else switches.add(flag.name);
  }
  return { operands, values, switches, texts, problems };
}

function valueProblem({ rawName, value, inlineValue }: OptionToken, flag: Flag): string | null {
  if (flag.setting === null && flag.value === null) {
    return value === undefined ? null : `${rawName} takes no value; leave out "=${value}".`;
  }
  if (!takesValue(flag)) return null;
  const { expectation } = flag.setting === null ? flag.value! : settingOf(flag.setting).format;
  if (value === undefined) return `${rawName} needs a value: ${expectation}.`;
  if (!inlineValue && value.length > 1 && value.startsWith('-')) {
    return `${rawName} needs a value (${expectation}), but ${value} follows; if that is the value, write ${rawName}=${value}.`;
  }
  return null;
}

function parseArgsOptions(): NonNullable<ParseArgsConfig['options']> {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const [name, flag] of FLAG_BY_NAME) {
    const type = takesValue(flag) ? 'string' : 'boolean';
    options[name] = flag.short === null ? { type } : { type, short: flag.short };
  }
  return options;
}

/** True when the argument after the flag is its value. */
function takesValue({ setting, value }: Flag): boolean {
  return setting === null ? value !== null : settingOf(setting).format !== boolean;
}

/** @param command whose flags are looked through; where it is none, those of all. */
function unknownFlag(typed: string, command: string | undefined): string {
  const isMeant = ({ name, setting }: Flag): boolean => {
    if (command === undefined || !isCommandName(command)) return true;
    if (setting !== null) return settingOf(setting).usedBy.includes(command);
    return ownFlagsOf(command).some(({ flag }) => flag === name) || COMMON_FLAGS.includes(name);
  };
  const names = [...FLAG_BY_NAME].filter(([, flag]) => isMeant(flag)).map(([name]) => `--${name}`);
  return `${typed} is not a flag of UPE; the nearest name is ${closest(typed.toLowerCase(), names)}, and "upe help" lists them all.`;
}
