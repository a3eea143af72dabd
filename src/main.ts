#!/usr/bin/env node
import { runCommandLine } from './command-line.js';
import { setFirstFlags } from './engine/v8-flags.js';

setFirstFlags();

// `upe replay x.pcap | head` is no error: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`upe: cannot write to standard output: ${error.message}\n`);
  process.exit(1);
});

const exitCode = await runCommandLine(process.argv.slice(2));
if (exitCode !== undefined) process.exitCode = exitCode;
