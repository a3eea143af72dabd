import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { COMMAND_NAMES } from '../../src/config/commands.js';
import { SETTING_NAMES, settingOf } from '../../src/config/schema.js';

const README_FILE = 'README.md';

t.test('names follow from the variable', (t) => {
  for (const name of SETTING_NAMES) {
    const { env, flag } = settingOf(name);
    t.match(env, /^UPE_[A-Z]+(_[A-Z]+)*$/, env);
    t.equal(`UPE_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`, env, `${name} is ${env} in camel case`);
    t.equal(`UPE_${flag.replaceAll('-', '_').toUpperCase()}`, env, `--${flag} is ${env}`);
  }
  t.end();
});

t.test('no two settings share a flag', (t) => {
  const flags = SETTING_NAMES.flatMap((name) => [settingOf(name).flag, ...settingOf(name).aliases]);
  t.equal(new Set(flags).size, flags.length);
  t.end();
});

t.test('every default is a value of its own format', (t) => {
  for (const name of SETTING_NAMES) {
    const { default: text, format, defaultText } = settingOf(name);
    if (text !== null) t.not(format.parse(text), undefined, `${name} ${text}`);
    t.not(defaultText, '', `${name} tells its default`);
  }
  t.end();
});

t.test('every setting is used by some command, and check looks at all of them', (t) => {
  for (const name of SETTING_NAMES) {
    const { usedBy } = settingOf(name);
    t.ok(usedBy.includes('check'), name);
    t.ok(
      usedBy.every((command) => COMMAND_NAMES.includes(command)),
      name,
    );
  }
  t.end();
});

t.test('texts for help are sentences', (t) => {
  for (const name of SETTING_NAMES) t.match(settingOf(name).doc, /^[A-Z].*\.$/, name);
  t.end();
});

t.test(
  'the README has a row with the default of every variable, and no variable that does not exist',
  { skip: existsSync(README_FILE) ? false : `there is no ${README_FILE}` },
  (t) => {
    const readme = readFileSync(README_FILE, 'utf8');
    const rows = readme.split('\n').filter((line) => /^\| *`UPE_/.test(line));
    for (const name of SETTING_NAMES) {
      const { env, default: text } = settingOf(name);
      const row = rows.find((line) => line.includes(`\`${env}\``));
      t.ok(row, `${env} has a row`);
      if (text !== null) t.ok(row?.includes(`\`${text}\``), `the row of ${env} gives \`${text}\``);
    }
    const known = new Set<string>(SETTING_NAMES.map((name) => settingOf(name).env));
    for (const row of rows) {
      for (const variable of row.split('|')[1].match(/UPE_[A-Z_]+/g) ?? []) {
        t.ok(known.has(variable), `${variable} exists`);
      }
    }
    t.end();
  },
);
