import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Asks an engine's HTTP server on this machine, as soon as somebody answers there. */
export async function ask(port: number, path: string): Promise<Answer> {
  const endMs = performance.now() + 20_000;
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(5000),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(5);
    }
  }
}
