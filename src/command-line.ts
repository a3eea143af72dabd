import { helpText } from './config/help.js';
import { parseCommandLine } from './config/parse-command-line.js';
import { FileProblemsError, UpeError } from './errors.js';
import { endOutOfFiles, isOutOfFiles } from './out-of-files.js';
import { VERSION } from './package-files.js';

const DEFAULT_COLUMNS = 80;

/**
 * Does what a command line asks for, and says on standard error what is wrong with it.
 *
 * @param argv what follows `upe`.
 * @returns the exit code; `undefined` where something goes on that will end the process by itself. Throws what is a
 *   defect of UPE.
 */
export async function runCommandLine(argv: readonly string[]): Promise<number | undefined> {
  try {
    return await runCommand(argv);
  } catch (error) {
    if (isOutOfFiles(error)) endOutOfFiles();
    if (!(error instanceof UpeError)) throw error;
    // `file:line:column: message` stands alone, so that an editor can jump to it.
    const prefix = error instanceof FileProblemsError ? '' : 'upe: ';
    for (const problem of error.message.split('\n')) process.stderr.write(`${prefix}${problem}\n`);
    return error.exitCode;
  }
}

async function runCommand(argv: readonly string[]): Promise<number | undefined> {
  const line = parseCommandLine(argv);
  // Each command loads what it needs: a health check must not wait for the rule file's parser.
  switch (line.command) {
    case 'run': {
      const { run } = await import('./commands/run.js');
      await run(line.flags);
      return undefined;
    }
    case 'replay': {
      const { files, against, json, flags } = line;
      if (against !== null) {
        const { replayAgainst } = await import('./commands/replay-against.js');
        return replayAgainst(flags, { files, against, json });
      }
      const { replay } = await import('./commands/replay.js');
      return replay(line.flags, line);
    }
    case 'check': {
      const { check } = await import('./commands/check.js');
      return check(line.flags, line);
    }
    case 'explain': {
      const { explainPacket } = await import('./commands/explain.js');
      return explainPacket(line.flags, line);
    }
    case 'capture': {
      const { captureRule } = await import('./commands/capture.js');
      return captureRule(line.flags, line.texts);
    }
    case 'import': {
      const { importFirewall } = await import('./commands/import.js');
      return importFirewall(line);
    }
    case 'unused': {
      const { unusedRules } = await import('./commands/unused.js');
      return unusedRules(line.flags, line);
    }
    case 'top': {
      const { topTalkers } = await import('./commands/top.js');
      return topTalkers(line.flags, line);
    }
    case 'healthcheck': {
      const { healthcheck } = await import('./commands/healthcheck.js');
      await healthcheck(line.flags, line.ready);
      return 0;
    }
    case 'help':
      process.stdout.write(helpText(line.topic, process.stdout.columns ?? DEFAULT_COLUMNS));
      return 0;
    case 'version':
      process.stdout.write(`upe ${VERSION}\n`);
      return 0;
  }
}
