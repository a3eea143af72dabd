import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { RuleFileWatch } from '../../src/engine/rule-file-watch.js';
import { FILE_BYTES_MAX } from '../../src/rules/yaml-document.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { MountedConfigMap } from '../support/mounted-config-map.js';

/** A watch whose looks a test makes, and an engine that loads whatever it is told of. */
class Watched {
  changes = 0;
  /** What a load that is asked for makes of the file: `null` when it is refused. */
  load = (): string | null => sha256(this.file);
  read: (file: string) => Promise<Uint8Array> = readFile;
  reads = 0;
  private inUse: string | null;
  private readonly watch: RuleFileWatch;

  constructor(readonly file: string) {
    this.inUse = sha256(file);
    this.watch = new RuleFileWatch(
      { file },
      {
        readFile: (path) => {
          this.reads++;
          return this.read(path);
        },
        sha256InUse: () => this.inUse,
        onChange: () => {
          this.changes++;
          this.inUse = this.load();
        },
      },
    );
  }

  /** SIGHUP has loaded the file. */
  loadBySignal(): void {
    this.inUse = sha256(this.file);
  }

  /** Looks so many times. Returns how many changes the watch has told of meanwhile. */
  async look(times: number): Promise<number> {
    const before = this.changes;
    for (let i = 0; i < times; i++) await this.watch.look();
    return this.changes - before;
  }
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function watched(t: Test): Watched {
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, 'rules: []\n');
  return new Watched(file);
}

/** Every way in which a file becomes another one. */
const EDITS: Readonly<Record<string, (file: string) => void>> = {
  'written in place': (file) => writeFileSync(file, 'rules: [] # other\n'),
  'in place, of the same length and with the old time': (file) => {
    writeFileSync(file, 'rules: [ ]');
    utimesSync(file, 1, 1);
  },
  'renamed over': (file) => {
    writeFileSync(`${file}.new`, 'rules: [] # other\n');
    renameSync(`${file}.new`, file);
  },
  'moved away and written anew': (file) => {
    renameSync(file, `${file}~`);
    writeFileSync(file, 'rules: [] # other\n');
  },
  longer: (file) => appendFileSync(file, '# more\n'),
  empty: (file) => truncateSync(file),
};

for (const [name, edit] of Object.entries(EDITS)) {
  t.test(`a file that is ${name} is told of once, at the second look`, async (t) => {
    const rules = watched(t);
    utimesSync(rules.file, 1, 1);
    t.equal(await rules.look(5), 0, 'nothing before');
    edit(rules.file);
    t.equal(await rules.look(1), 0, 'it may not be whole yet');
    t.equal(await rules.look(1), 1);
    t.equal(await rules.look(5), 0, 'and not again');
  });
}

t.test('a ConfigMap: every swap of the links is told of', async (t) => {
  const mounted = new MountedConfigMap(temporaryFolder(t), 'rules.yaml', 'rules: []\n');
  const rules = new Watched(mounted.file);
  t.equal(await rules.look(5), 0);
  for (const text of ['rules: [] # 1\n', 'rules: [] # 2\n', 'rules: [] # 3\n']) {
    mounted.update(text);
    t.equal(await rules.look(3), 1, text);
  }
  mounted.update('rules: [] # 3\n');
  t.equal(await rules.look(3), 0, 'another key has changed: the same rules in a new folder');
});

t.test('a change before the first look is told of as well', async (t) => {
  const rules = watched(t);
  writeFileSync(rules.file, 'rules: [] # other\n');
  t.equal(await rules.look(2), 1);
});

t.test('a file that is still being written is waited for, but not for ever', async (t) => {
  const rules = watched(t);
  await rules.look(2);
  for (let look = 1; look <= 4; look++) {
    appendFileSync(rules.file, '#');
    t.equal(await rules.look(1), 0, `look ${look}`);
  }
  t.equal(await rules.look(1), 1, 'it rests');
  for (let look = 1; look <= 4; look++) {
    appendFileSync(rules.file, '#');
    t.equal(await rules.look(1), 0, `look ${look}`);
  }
  appendFileSync(rules.file, '#');
  t.equal(await rules.look(1), 1, 'it never rests');
});

t.test('a touch, and what a signal has loaded already, are nothing new', async (t) => {
  const rules = watched(t);
  await rules.look(2);
  utimesSync(rules.file, new Date(), new Date());
  t.equal(await rules.look(3), 0, 'touched');
  writeFileSync(rules.file, 'rules: [] # other\n');
  rules.loadBySignal();
  t.equal(await rules.look(3), 0, 'loaded by a signal');
});

t.test('an invalid file is told of once, and so is the one that heals it', async (t) => {
  const rules = watched(t);
  const good = readFileSync(rules.file);
  await rules.look(2);
  rules.load = () => null;
  writeFileSync(rules.file, 'rules: [\n');
  t.equal(await rules.look(3), 1, 'invalid');
  utimesSync(rules.file, new Date(), new Date());
  t.equal(await rules.look(3), 0, 'the same again');
  writeFileSync(rules.file, 'rules: {\n');
  t.equal(await rules.look(3), 1, 'another mistake');
  rules.load = () => sha256(rules.file);
  writeFileSync(rules.file, good);
  t.equal(await rules.look(3), 1, 'the rules that are still in use: loaded, so that all is well again');
});

t.test('a file that goes is told of once, and its return', async (t) => {
  const rules = watched(t);
  await rules.look(2);
  rules.load = () => null;
  renameSync(rules.file, `${rules.file}~`);
  t.equal(await rules.look(4), 1, 'gone');
  rules.load = () => sha256(rules.file);
  renameSync(`${rules.file}~`, rules.file);
  t.equal(await rules.look(4), 1, 'back, the same as before');
});

t.test('a pipe, a folder or a file too large in its place is told of without being read', async (t) => {
  const rules = watched(t);
  await rules.look(2);
  const { reads } = rules;
  rules.load = () => null;
  rmSync(rules.file);
  execFileSync('mkfifo', [rules.file]);
  // To open it would wait for a writer.
  t.equal(await rules.look(4), 1, 'pipe');
  rmSync(rules.file);
  mkdirSync(rules.file);
  t.equal(await rules.look(4), 1, 'folder');
  rmSync(rules.file, { recursive: true });
  writeFileSync(rules.file, '');
  truncateSync(rules.file, FILE_BYTES_MAX + 1);
  t.equal(await rules.look(4), 1, 'too large');
  t.equal(rules.reads, reads);
});

t.test('a file system that fails is asked again, though the file is the same', async (t) => {
  const rules = watched(t);
  rules.load = () => null;
  rules.read = async () => {
    throw new Error('EIO');
  };
  t.equal(await rules.look(6), 1, 'told of once');
  rules.read = readFile;
  t.equal(await rules.look(6), 1, 'and when it can be read');
});

t.test('while the file system hangs there is no second look', async (t) => {
  const rules = watched(t);
  let reads = 0;
  let answer: (bytes: Uint8Array) => void = () => undefined;
  rules.read = () => {
    reads++;
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
  await rules.look(1);
  const hanging = rules.look(1);
  while (reads === 0) await setImmediate();
  await rules.look(3);
  t.equal(reads, 1);
  answer(readFileSync(rules.file));
  t.equal(await hanging, 0, 'the rules in use');
});

t.test('it looks by itself between start and stop, and both may be called twice', async (t) => {
  const clock = t.capture(globalThis, 'setInterval', (look: () => void, everyMs: number) => {
    looks.push({ look, everyMs });
    return {} as NodeJS.Timeout;
  });
  const looks: { look: () => void; everyMs: number }[] = [];
  const cleared = t.capture(globalThis, 'clearInterval', () => undefined);
  const watch = new RuleFileWatch(
    { file: join(temporaryFolder(t), 'none.yaml') },
    { readFile, sha256InUse: () => null, onChange: () => undefined },
  );
  watch.start();
  watch.start();
  t.equal(clock().length, 1);
  t.equal(looks[0].everyMs, 1000);
  watch.stop();
  watch.stop();
  t.equal(cleared().length, 1);
});
