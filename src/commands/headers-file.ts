import { readFileSync } from 'node:fs';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { ConfigError, EnvironmentError } from '../errors.js';
import { systemReason } from '../system-reason.js';

/**
 * Reads headers, one a line as `Name: value`; empty lines and those that begin with # are left out. No message repeats
 * a value: it is a secret, as a rule.
 *
 * @throws EnvironmentError when the file cannot be read, ConfigError with every line that is no header.
 */
export function readHeaders(file: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new EnvironmentError(`cannot read ${file}: ${systemReason(error as NodeJS.ErrnoException)}`);
  }
  const headers: Record<string, string> = {};
  const problems: string[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const [, name, value] = /^([^:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined || !isHeader(name, value)) {
      problems.push(`${file}:${i + 1}: this is no header; write Name: value.`);
    } else headers[name.toLowerCase()] = value;
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return headers;
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return value !== '';
  } catch {
    return false;
  }
}
