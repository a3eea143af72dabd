import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { labMissing } from '../support/lab.js';

t.setTimeout(120_000);

const KILLS = 20;
const PACKETS_PER_MS = 5;

t.test('an rx thread that is killed takes nothing with it', { skip: labMissing(['unshare']) }, async (t) => {
  const engine = fileURLToPath(new URL('rx-kills-engine.js', import.meta.url));
  const script = `ip link set lo up && exec node "$0" ${KILLS} ${PACKETS_PER_MS}`;
  // tap puts itself into NODE_OPTIONS of whatever a test spawns, and each thread would load it.
  const command = ['-u', 'NODE_OPTIONS', 'unshare', '-n', 'sh', '-c', script, engine];
  const { stdout } = await promisify(execFile)('env', command);
  const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  t.comment(`${KILLS} rx kills: ${JSON.stringify(result)}`);
  t.same(result.violations, []);
  // What is sent over lo is seen twice, when it leaves and when it arrives.
  t.equal(result.received + result.kernelDropped, 2 * result.sent, 'no frame is skipped or read twice');
  t.equal(result.lost, 0);
  t.equal(result.backwards, 0, 'no counter went back');
  t.ok(result.slowestMs < 2000, `back within ${Math.round(result.slowestMs)} ms each`);
});
