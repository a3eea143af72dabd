import { getSystemErrorMap } from 'node:util';

/**
 * Why the system has refused something, in its words (`no such file or directory`), without the call and the path that
 * Node.js puts around them.
 */
export function systemReason({ errno, message }: NodeJS.ErrnoException): string {
  return (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]) ?? message;
}
