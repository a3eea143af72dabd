#!/usr/bin/env node
import { parseCommandLine } from './config/flags.js';
import { helpText } from './config/help.js';
import { markAtOnce } from './engine/v8-flags.js';
import { FileProblemsError, UpeError } from './errors.js';
import { endOutOfFiles, isOutOfFiles } from './out-of-files.js';
import { VERSION } from './package-files.js';

const DEFAULT_COLUMNS = 80;

markAtOnce();

async function main(argv: readonly string[]): Promise<number | undefined> {
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
    case 'import': {
      const { importFirewall } = await import('./commands/import.js');
      return importFirewall(line);
    }
    case 'unused': {
      const { unusedRules } = await import('./commands/unused.js');
      return unusedRules(line.flags, line);
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

// `upe replay x.pcap | head` is no error: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`upe: cannot write to standard output: ${error.message}\n`);
  process.exit(1);
});

try {
  const exitCode = await main(process.argv.slice(2));
  if (exitCode !== undefined) process.exitCode = exitCode;
} catch (error) {
  if (isOutOfFiles(error)) endOutOfFiles();
  if (!(error instanceof UpeError)) throw error;
  // `file:line:column: message` stands alone, so that an editor can jump to it.
  const prefix = error instanceof FileProblemsError ? '' : 'upe: ';
  for (const problem of error.message.split('\n')) process.stderr.write(`${prefix}${problem}\n`);
  process.exitCode = error.exitCode;
}
