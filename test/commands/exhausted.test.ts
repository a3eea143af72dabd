import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { freePort } from '../support/free-port.js';
import { missingPrograms } from '../support/missing-programs.js';
import { Scrape } from '../support/scrape.js';
import { eventually, startProgram, startUpe, UPE_MAIN } from '../support/upe-process.js';

t.setTimeout(120_000);

const missing = missingPrograms(['prlimit']);
const skip = missing.length === 0 ? false : `${missing.join(', ')} is not installed`;
const RX = 'upe_rx_packets_total{interface="demo"}';
/** Enough for Node.js itself, and for nothing of UPE's. */
const FILES_AT_START = 30;
const FILES_AFTERWARDS = 1024;

for (const stderrToo of [false, true]) {
  const where = stderrToo ? 'standard output and standard error are' : 'standard output is';
  t.test(`${where} on a full disk: the log is lost, and not the packets`, async (t) => {
    const port = await freePort();
    const redirect = stderrToo ? '>/dev/full 2>&1' : '>/dev/full';
    const program = startProgram(
      t,
      'sh',
      ['-c', `exec "$0" "$1" run ${redirect}`, process.execPath, UPE_MAIN],
      {
        env: { UPE_SOURCE: 'demo', UPE_HTTP_PORT: String(port) },
      },
    );
    const scrape = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
      return response !== null && new Scrape(await response.text());
    };
    await eventually('traffic', async () => {
      if (program.hasEnded) throw new Error(`it has ended: ${program.stderr}`);
      const now = await scrape();
      return now !== false && now.value(RX) > 1000;
    });
    for (let i = 0; i < 3; i++) {
      program.signal('SIGUSR1');
      await sleep(20);
    }
    program.signal('SIGTERM');
    const { exitCode, stderr } = await program.ended;
    t.equal(exitCode, 0);
    const complaints = ['main', 'stats'].map(
      (thread) =>
        `upe: the ${thread} thread cannot write its log, and goes on without: ENOSPC: no space left on device, write`,
    );
    const lines = stderr.split('\n').filter((line) => line !== '');
    t.same(lines.sort(), stderrToo ? [] : complaints, 'once for each thread');
  });
}

t.test('a limit of open files that is too low for a start', async (t) => {
  const program = startProgram(
    t,
    'sh',
    ['-c', `ulimit -n ${FILES_AT_START}; exec "$0" "$1" run`, process.execPath, UPE_MAIN],
    { env: { UPE_SOURCE: 'demo', UPE_HTTP_PORT: '0' } },
  );
  const { exitCode, stderr } = await program.ended;
  t.equal(exitCode, 1);
  t.equal(stderr, 'upe: too many open files: raise the limit (ulimit -n, LimitNOFILE= in a unit)\n');
});

t.test('no open file more while it runs: it goes on, and is well again afterwards', { skip }, async (t) => {
  const upe = await startUpe(t, { UPE_SOURCE: 'demo' });
  const { pid } = upe.program;
  const limit = (files: number) =>
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${files}:${FILES_AFTERWARDS}`]);
  const used = readdirSync(`/proc/${pid}/fd`).map(Number);
  const free = Array.from({ length: FILES_AFTERWARDS }, (_, fd) => fd).filter((fd) => !used.includes(fd));
  const before = await upe.scrape();
  let refused = 0;
  // None at all, then one more each time: the reload fails at another step each time.
  for (let files = 0; files < 6; files++) {
    limit(free[files]);
    upe.program.signal('SIGHUP');
    await eventually('the end of a reload', () => {
      const messages = upe.program.log.map(({ msg }) => msg);
      return messages.filter((msg) => /^(rules loaded again|reload failed)/.test(msg)).length > files;
    });
    refused = upe.program.log.filter(({ msg }) => msg === 'reload failed: the old rules stay').length;
  }
  t.ok(refused > 0, `${refused} of 6 reloads failed`);
  const reasons = new Set(
    upe.program.log.flatMap(({ problems }) => (problems as string[] | undefined) ?? []),
  );
  for (const reason of reasons) t.comment(reason);
  limit(FILES_AFTERWARDS);
  upe.program.signal('SIGHUP');
  await upe.program.waitForLog('rules loaded again', 7 - refused);
  const after = await upe.scrape();
  t.ok(after.value(RX) > before.value(RX), 'packets went on');
  t.equal(after.value('upe_accounting_violations_total'), 0);
  t.equal(after.value('upe_config_last_reload_successful'), 1);
  const { exitCode, stderr } = await upe.stop();
  t.same({ exitCode, stderr }, { exitCode: 0, stderr: '' });
  t.match(upe.program.log.at(-1), {
    msg: 'stopped: every packet is accounted for',
    lost: 0,
    violatedPasses: 0,
  });
});
