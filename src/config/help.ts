import { COMMAND_NAMES, COMMANDS, type CommandFlag, type CommandName, ownFlagsOf } from './commands.js';
import { boolean } from './formats.js';
import { SETTING_NAMES, type SettingName, settingOf } from './schema.js';

/** Narrower than this, a terminal breaks the lines itself: the columns would have no room. */
const COLUMNS_MIN = 60;
/** Wider lines are tiring to read. */
const COLUMNS_MAX = 100;
const INDENT = '  ';
const GAP = '  ';
/** Of more flags of its own, a command's usage line names none. */
const USAGE_FLAGS_MAX = 2;

const EXIT_CODES: readonly Row[] = [
  { left: ['0'], right: ['Good.'] },
  { left: ['1'], right: ['A failure at run time, damaged capture files included.'] },
  { left: ['2'], right: ['A usage or configuration error, invalid rules included.'] },
  { left: ['3'], right: ['Findings (check, replay --against, unused), or rules import cannot say.'] },
];

interface Example {
  readonly command: CommandName;
  readonly line: string;
  readonly doc: string;
}

const EXAMPLES: readonly Example[] = [
  {
    command: 'run',
    line: 'upe run --source demo',
    doc: 'Generated traffic through the example rules; see http://127.0.0.1:9912/metrics.',
  },
  {
    command: 'run',
    line: 'UPE_SOURCE=pcap UPE_PCAP_FILE=web.pcap upe run --pcap-loop',
    doc: 'A capture file over and over, at the speed at which it was recorded.',
  },
  {
    command: 'replay',
    line: 'upe replay --rules rules.yaml --json web.pcap',
    doc: 'What would these rules have done to that traffic?',
  },
  {
    command: 'replay',
    line: 'tcpdump -w - -c 1000 | upe replay -',
    doc: 'A capture from standard input.',
  },
  {
    command: 'replay',
    line: 'upe replay --rules old.yaml --against new.yaml web.pcap',
    doc: 'What would other rules change for that traffic?',
  },
  {
    command: 'check',
    line: 'upe check --rules rules.yaml',
    doc: 'Every mistake in the configuration and in a rule file, and rules that can never match.',
  },
  {
    command: 'check',
    line: 'upe check --rules rules.yaml --overlaps --json',
    doc: 'All that can be said of the rules, for a program to read.',
  },
  {
    command: 'explain',
    line: 'upe explain tcp 10.0.0.1:51000 10.0.0.2:443',
    doc: 'Which rule takes such a packet, and why not the ones before it?',
  },
  {
    command: 'explain',
    line: 'upe explain --dst 10.0.0.2 --dst-port 53 --all',
    doc: 'What is known of the packet, by flags; and what would match after the match.',
  },
  {
    command: 'explain',
    line: 'upe explain --rules rules.yaml --file web.pcap --number 12',
    doc: 'The twelfth packet of a capture.',
  },
  {
    command: 'capture',
    line: 'upe capture --rule dns --packets 500 --write dns.pcapng',
    doc: 'The next packets of a rule, for tcpdump or Wireshark.',
  },
  {
    command: 'import',
    line: 'nft -j list ruleset | upe import nftables',
    doc: 'The rules that the kernel has, as a rule file; what cannot be said is told.',
  },
  {
    command: 'import',
    line: 'iptables-save | upe import iptables --chain filter/INPUT',
    doc: 'Those of iptables.',
  },
  {
    command: 'unused',
    line: 'upe unused --prometheus http://localhost:9090 --days 90',
    doc: 'Which rules has no instance needed for 90 days, as far as is known?',
  },
  {
    command: 'top',
    line: 'upe top --rule dns --by source',
    doc: 'Who sends most of what a rule sees?',
  },
  {
    command: 'healthcheck',
    line: 'upe healthcheck --ready',
    doc: 'Is the engine on port 9912 of this machine ready for traffic?',
  },
];

/** One entry of a two-column table: lines on the left, paragraphs to wrap on the right. */
interface Row {
  readonly left: readonly string[];
  readonly right: readonly string[];
}

/**
 * The help page.
 *
 * @param topic the command that it is about, with the settings which that command uses; `null`: all.
 * @param columns width of the terminal; lines are wrapped to it, from 60 to 100.
 * @returns lines, each ended by a newline.
 */
export function helpText(topic: CommandName | null, columns: number): string {
  const width = Math.min(Math.max(columns, COLUMNS_MIN), COLUMNS_MAX);
  const commands = topic === null ? COMMAND_NAMES : [topic];
  const sections = [
    topic === null
      ? wrap(
          'UPE, the userspace packet engine: matches packets against rules and publishes what every rule did.',
          width,
        )
      : wrap(COMMANDS[topic].doc, width),
    section('Usage', usageLines(commands, topic === null)),
    ...(topic === null ? [section('Commands', table(commandRows(), width))] : []),
    section('Flags', table(flagRows(commands), width)),
    ...settingsSection(commands, width),
    section('Exit codes', table(EXIT_CODES, width)),
    section('Examples', exampleLines(commands, width)),
  ];
  return sections.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

const SETTINGS_INTRODUCTION =
  'Each is a flag and an environment variable. A flag wins over its variable, and an empty value counts as not given.';

/** None for a command that looks at no setting. */
function settingsSection(commands: readonly CommandName[], width: number): string[][] {
  const rows = settingRows(commands);
  if (rows.length === 0) return [];
  const introduction = indented(wrap(SETTINGS_INTRODUCTION, width - INDENT.length));
  return [[...section('Settings', introduction), '', ...table(rows, width, 1)]];
}

function section(title: string, lines: readonly string[]): string[] {
  return [`${title}:`, ...lines];
}

function usageLines(commands: readonly CommandName[], withHelp: boolean): string[] {
  const lines = commands.map((name) => {
    const own = ownFlagsOf(name);
    const flags = own.length > USAGE_FLAGS_MAX ? ['[FLAG...]'] : own.map((flag) => `[${flagText(flag)}]`);
    const settings = settingRows([name]).length === 0 ? '' : '[SETTING...]';
    const words = ['upe', name, COMMANDS[name].operands, ...flags, settings];
    return words.filter((word) => word !== '').join(' ');
  });
  return indented(withHelp ? [...lines, 'upe help [COMMAND]'] : lines);
}

function commandRows(): Row[] {
  return [
    ...COMMAND_NAMES.map((name) => ({ left: [name], right: [COMMANDS[name].doc] })),
    { left: ['help'], right: ['Prints this page, or the one about a command.'] },
  ];
}

function flagRows(commands: readonly CommandName[]): Row[] {
  const rows: Row[] = [];
  for (const name of commands) {
    const owner = commands.length > 1 ? `${name}: ` : '';
    for (const flag of ownFlagsOf(name))
      rows.push({ left: [flagText(flag)], right: [`${owner}${flag.doc}`] });
  }
  rows.push({ left: ['-h, --help'], right: ['Prints help, after a command the help about it.'] });
  rows.push({ left: ['-V, --version'], right: ['Prints the version.'] });
  return rows;
}

function flagText({ flag, value }: CommandFlag): string {
  return value === null ? `--${flag}` : `--${flag} ${value.placeholder}`;
}

function settingRows(commands: readonly CommandName[]): Row[] {
  return SETTING_NAMES.filter((name) =>
    settingOf(name).usedBy.some((command) => commands.includes(command)),
  ).map(settingRow);
}

function settingRow(name: SettingName): Row {
  const { env, flag, aliases, format, doc, defaultText } = settingOf(name);
  const names = [...aliases, flag].map((alias) => `--${alias}`).join(', ');
  const value = format === boolean ? `[=${format.placeholder}]` : ` ${format.placeholder}`;
  return {
    left: [`${names}${value}`, env],
    right: [doc, `Takes ${format.expectation}. Default: ${defaultText}.`],
  };
}

function exampleLines(commands: readonly CommandName[], width: number): string[] {
  return EXAMPLES.filter(({ command }) => commands.includes(command)).flatMap(({ line, doc }) => [
    ...indented([line]),
    ...indented(indented(wrap(doc, width - 2 * INDENT.length))),
  ]);
}

/** @param blankLines empty lines between two rows. */
function table(rows: readonly Row[], width: number, blankLines = 0): string[] {
  const leftWidth = Math.max(...rows.flatMap(({ left }) => left.map((line) => line.length)));
  const textWidth = width - INDENT.length - leftWidth - GAP.length;
  return rows.flatMap(({ left, right }, rowIndex) => {
    const text = right.flatMap((paragraph) => wrap(paragraph, textWidth));
    const lines = Array.from({ length: Math.max(left.length, text.length) }, (_, i) =>
      `${INDENT}${(left[i] ?? '').padEnd(leftWidth)}${GAP}${text[i] ?? ''}`.trimEnd(),
    );
    return rowIndex === 0 ? lines : [...Array<string>(blankLines).fill(''), ...lines];
  });
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `${INDENT}${line}`);
}

/** Breaks a text at its spaces; a word that is longer than the width gets a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
