import { statSync } from 'node:fs';

/** Below this many bytes a replay is over before a progress line could be read. */
const PROGRESS_BYTES_MIN = 8 * 1024 * 1024;
const PROGRESS_MS = 200;

/** How far a replay is. */
export interface ReplayProgress {
  readonly bytesRead: number;
  readonly packets: number;
}

/**
 * On a terminal, and where there is something to wait for: how far it is.
 *
 * @param look how far it is at this moment; `null` where that is not known yet.
 */
export function startProgress(
  files: readonly string[],
  look: () => Promise<ReplayProgress | null>,
): { stop(): void } {
  const totalBytes = files.reduce((sum, file) => sum + fileBytes(file), 0);
  if (!process.stderr.isTTY || totalBytes < PROGRESS_BYTES_MIN) return { stop: () => undefined };
  const beganMs = performance.now();
  const timer = setInterval(async () => {
    const progress = await look();
    if (progress === null) return;
    const { bytesRead, packets } = progress;
    const share = Math.min(bytesRead / totalBytes, 1);
    const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '·');
    const seconds = (performance.now() - beganMs) / 1000;
    const rate = (packets / seconds / 1e6).toFixed(2);
    process.stderr.write(
      `\r${bar} ${Math.floor(share * 100)}%  ${packets.toLocaleString('en-US')} packets, ${rate} M/s `,
    );
  }, PROGRESS_MS);
  return {
    stop: () => {
      clearInterval(timer);
      process.stderr.write('\r\u001b[K');
    },
  };
}

/** Standard input, and what is not there, have no size to be counted. */
function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
