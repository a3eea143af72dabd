import { spawn } from 'node:child_process';
import { once } from 'node:events';

/*
 * Runs the groups of tests that it is given, `test:NAME` of package.json each, one after another and up to the first
 * that fails, and says at the end how long each of them took. Groups with a plus between them run beside each other.
 */
const took: string[] = [];
const beganMs = performance.now();
let exitCode = 0;

function minutesSince(atMs: number): string {
  return `${((performance.now() - atMs) / 60_000).toFixed(1)} min`;
}

/** Runs one group. Returns its exit code. */
async function run(group: string): Promise<number> {
  const groupBeganMs = performance.now();
  const program = spawn('npm', ['run', '--silent', `test:${group}`], { stdio: 'inherit' });
  // `null` where a signal has ended it.
  const code = ((await once(program, 'exit'))[0] as number | null) ?? 1;
  took.push(`${group} ${minutesSince(groupBeganMs)}${code === 0 ? '' : ', failed'}`);
  return code;
}

for (const groups of process.argv.slice(2)) {
  const codes = await Promise.all(groups.split('+').map(run));
  exitCode = Math.max(...codes);
  if (exitCode !== 0) break;
}
console.log(`\nNode.js ${process.version}: ${took.join('; ')}; in all ${minutesSince(beganMs)}`);
process.exitCode = exitCode;
