import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('./pipeline-run.js', import.meta.url));

/** A process of pipeline-run.js that has warmed up and stands still but for its turns, so that others can run. */
export class StoppedPipeline {
  private constructor(
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
  ) {}

  /** @param args of pipeline-run.js. */
  static async start(args: readonly number[]): Promise<StoppedPipeline> {
    // Nobody could end a process that is stopped when this one is gone.
    const command = ['--pdeathsig', 'KILL', process.execPath, MODULE, ...args.map(String)];
    const child = spawn('setpriv', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
    const pipeline = new StoppedPipeline(child, lines);
    await pipeline.answer();
    child.kill('SIGSTOP');
    return pipeline;
  }

  /** Goes on for so long. @returns packets per second, millions. */
  async takeTurn(seconds: number): Promise<number> {
    this.child.kill('SIGCONT');
    this.child.stdin!.write(`${seconds}\n`);
    const { mpps } = await this.answer();
    this.child.kill('SIGSTOP');
    return mpps;
  }

  /** @throws Error where the counters are not what went through the rings. */
  async end(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGCONT');
    this.child.stdin!.end();
    const [exitCode] = await exited;
    if (exitCode !== 0) throw new Error(`pipeline-run.js has ended with code ${exitCode}`);
  }

  private async answer(): Promise<Record<string, number>> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error('pipeline-run.js has ended before its turn');
    return JSON.parse(value);
  }
}
