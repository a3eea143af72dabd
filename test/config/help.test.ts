import t from 'tap';
import { COMMAND_NAMES } from '../../src/config/commands.js';
import { helpText } from '../../src/config/help.js';
import { parseCommandLine } from '../../src/config/parse-command-line.js';
import { SETTING_NAMES, settingOf } from '../../src/config/schema.js';

/** The lines from the one that begins with `title` to the next empty line. */
function sectionOf(help: string, title: string): string[] {
  const lines = help.split('\n');
  const first = lines.indexOf(`${title}:`);
  return lines.slice(first + 1, lines.indexOf('', first));
}

/** The page on one line, so that a text is found wherever it is wrapped in its column. */
function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

t.test('help names every variable and flag, with its default', (t) => {
  const help = helpText(null, 80);
  for (const name of SETTING_NAMES) {
    const { env, flag, aliases, defaultText } = settingOf(name);
    for (const alias of [flag, ...aliases]) t.ok(help.includes(`--${alias}`), `--${alias}`);
    const lines = help.split('\n');
    const first = lines.findIndex((line) => new RegExp(`^  ${env}( |$)`).test(line)) - 1;
    t.ok(first >= 0, `${env} stands below its flag`);
    const entry = lines.slice(first, lines.indexOf('', first)).join('\n').replace(/\n +/g, ' ');
    t.ok(words(entry).join(' ').includes(`Default: ${defaultText}.`), `the default of ${env}`);
  }
  t.end();
});

t.test('help fits in the width that it is given, from 60 to 100 columns', (t) => {
  for (const topic of [null, ...COMMAND_NAMES]) {
    for (const [columns, limit] of [
      [0, 60],
      [60, 60],
      [72, 72],
      [80, 80],
      [100, 100],
      [300, 100],
    ]) {
      const lines = helpText(topic, columns).split('\n');
      const longest = Math.max(...lines.map((line) => line.length));
      t.ok(longest <= limit, `${topic ?? 'all'} at ${columns}: ${longest} characters`);
      t.ok(longest > limit - 10, `${topic ?? 'all'} at ${columns} makes use of the width`);
      t.notOk(
        lines.some((line) => line !== line.trimEnd()),
        'no line ends with a space',
      );
    }
  }
  t.end();
});

t.test('every command has an example', (t) => {
  for (const command of COMMAND_NAMES) {
    const examples = sectionOf(helpText(command, 80), 'Examples');
    t.match(examples[0], new RegExp(`upe ${command}\\b`), command);
  }
  t.end();
});

t.test('columns are aligned', (t) => {
  const lines = sectionOf(helpText(null, 80), 'Commands');
  t.strictSame(lines.slice(0, 3), [
    '  run          Runs the engine on a source and serves metrics until SIGTERM or',
    '               SIGINT.',
    '  replay       Pushes capture files (-: standard input) through the engine,',
  ]);
  const rings = helpText(null, 80).split('\n');
  const first = rings.findIndex((line) => line.startsWith('  --ring-slots'));
  t.strictSame(rings.slice(first, first + 4), [
    "  --ring-slots N              Slots of each worker's ring; auto: 1024, and 8192",
    '  UPE_RING_SLOTS              shared out among the workers where an interface is',
    '                              watched, or in a demo.',
    '                              Takes auto or a power of two from 64 to 1048576.',
  ]);
  t.end();
});

t.test('usage and exit codes are told', (t) => {
  t.strictSame(sectionOf(helpText(null, 80), 'Usage'), [
    '  upe run [SETTING...]',
    '  upe replay FILE... [--against FILE] [--json] [SETTING...]',
    '  upe check [--overlaps] [--json] [SETTING...]',
    '  upe explain [PROTOCOL SRC DST] [FLAG...] [SETTING...]',
    '  upe capture [FLAG...] [SETTING...]',
    '  upe import FIREWALL [FILE] [--chain CHAIN] [--ipv6]',
    '  upe unused [FLAG...] [SETTING...]',
    '  upe top [FLAG...] [SETTING...]',
    '  upe healthcheck [--ready] [SETTING...]',
    '  upe help [COMMAND]',
  ]);
  t.strictSame(
    sectionOf(helpText('run', 80), 'Exit codes').map((line) => line.trim().split('  ')[0]),
    ['0', '1', '2', '3'],
  );
  t.end();
});

t.test('help about a command shows what that command uses', (t) => {
  const replay = helpText('replay', 80);
  t.strictSame(sectionOf(replay, 'Usage'), ['  upe replay FILE... [--against FILE] [--json] [SETTING...]']);
  t.match(replay, 'UPE_RING_SLOTS');
  t.notMatch(replay, 'UPE_HTTP_PORT');
  t.notMatch(replay, '--ready');
  t.match(helpText('healthcheck', 80), 'UPE_HTTP_PORT');
  t.notMatch(helpText('healthcheck', 80), 'UPE_RING_SLOTS');
  t.notMatch(helpText('run', 80), '--json');
  t.match(helpText('explain', 80), '--buffer-bytes');
  t.notMatch(helpText('unused', 80), '--buffer-bytes');
  t.match(
    words(helpText('capture', 80)).join(' '),
    'engine needs UPE_HTTP_LIFECYCLE=true, and a UPE_WEB_CONFIG_FILE',
  );
  t.notMatch(helpText('import', 80), 'Settings:', 'import looks at no setting');
  t.end();
});

t.test('every example is a command line that UPE accepts', (t) => {
  const lines = sectionOf(helpText(null, 80), 'Examples').filter((line) => /^ {2}\S/.test(line));
  t.ok(lines.length >= 3);
  for (const line of lines) {
    const argv = line.slice(line.lastIndexOf('upe ') + 'upe '.length).split(' ');
    t.doesNotThrow(() => parseCommandLine(argv), line);
  }
  t.end();
});

t.test('help ends with one newline', (t) => {
  t.match(helpText(null, 80), /[^\n]\n$/);
  t.end();
});
