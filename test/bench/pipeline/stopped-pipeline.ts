import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MODULE = fileURLToPath(new URL('./pipeline-run.js', import.meta.url));

/** A process of pipeline-run.js that has warmed up and stands still but for its turns, so that others can run. */
export class StoppedPipeline {
  private readonly lines: AsyncIterator<string>;
  private readonly exited: Promise<unknown[]>;

  private constructor(private readonly child: ChildProcess) {
    this.lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
    this.exited = once(child, 'exit');
    // One that has died tells by its answer that does not come.
    child.stdin!.on('error', () => undefined);
  }

  /**
   * @param args of pipeline-run.js.
   * @throws Error where it cannot be started, setpriv of util-linux is not there, or it ends before it has warmed up.
   */
  static async start(args: readonly number[]): Promise<StoppedPipeline> {
    // A stopped process does not read the end of its input: it would outlive this one for ever.
    const command = ['--pdeathsig', 'KILL', process.execPath, MODULE, ...args.map(String)];
    const child = spawn('setpriv', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child, 'spawn');
    const pipeline = new StoppedPipeline(child);
    await pipeline.answer();
    child.kill('SIGSTOP');
    return pipeline;
  }

  /**
   * Goes on for so long.
   *
   * @returns packets per second, millions.
   * @throws Error where it has ended.
   */
  async takeTurn(seconds: number): Promise<number> {
    this.child.kill('SIGCONT');
    this.child.stdin!.write(`${seconds}\n`);
    const { mpps } = await this.answer();
    this.child.kill('SIGSTOP');
    return mpps;
  }

  /** Ends it at once, if it is still there: nobody else would, while it is stopped. */
  dispose(): void {
    this.child.kill('SIGKILL');
  }

  /** @throws Error where the counters are not what went through the rings. */
  async end(): Promise<void> {
    this.child.kill('SIGCONT');
    this.child.stdin!.end();
    const [exitCode, signal] = await this.exited;
    if (exitCode !== 0) throw new Error(`pipeline-run.js has ended with ${exitCode ?? signal}`);
  }

  private async answer(): Promise<Record<string, number>> {
    const { value, done } = await this.lines.next();
    if (done === true) throw new Error('pipeline-run.js has ended before its turn');
    return JSON.parse(value);
  }
}
