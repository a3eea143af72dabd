import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { UpeError } from '../../errors.js';
import { FileLooks, stampOf } from '../../file-looks.js';
import type { Logger } from '../../log.js';
import { OPEN_TO_ALL, type WebConfig } from './web-config.js';

export interface WebConfigWatchConfig {
  /** `null`: there is none, and nothing to watch. */
  readonly file: string | null;
  /** Whether a configuration that lets in everybody is refused. */
  readonly mustAuthenticate: boolean;
}

export interface WebConfigWatchDeps {
  readonly log: Logger;
  /** Another configuration is in use from now on. */
  readonly onChange: (config: WebConfig) => void;
}

/**
 * The web configuration in use: read at the start, and again when it or a file that it names has changed. The
 * format's other users read it at every request; here no client can make the server read files. A change counts
 * when it has been the same at two looks, so that a certificate and its key are not taken apart.
 */
export class WebConfigWatch {
  current: WebConfig = OPEN_TO_ALL;
  private readonly looks = new FileLooks(() => this.compare());
  /** What the files looked like when they were last read, and at the last look. */
  private readAt = '';
  private seen = '';

  constructor(
    private readonly config: WebConfigWatchConfig,
    private readonly deps: WebConfigWatchDeps,
  ) {}

  /** Reads the configuration. Throws an UpeError when it cannot be used. */
  async start(): Promise<void> {
    const { file, mustAuthenticate } = this.config;
    if (file === null) return;
    // With the modules for TLS and YAML, which most engines do without on this thread.
    const { loadWebConfig } = await import('./load-web-config.js');
    this.current = loadWebConfig(file, mustAuthenticate);
    this.readAt = this.seen = await appearance(this.current.files);
    this.looks.start();
  }

  stop(): void {
    this.looks.stop();
  }

  private async compare(): Promise<void> {
    const now = await appearance(this.current.files);
    const hasSettled = now === this.seen && now !== this.readAt;
    this.seen = now;
    if (hasSettled) {
      this.readAt = now;
      await this.read();
    }
  }

  private async read(): Promise<void> {
    const { file, mustAuthenticate } = this.config;
    const { log } = this.deps;
    try {
      const { loadWebConfig } = await import('./load-web-config.js');
      const next = loadWebConfig(file!, mustAuthenticate);
      const restart = whyRestart(this.current, next);
      if (restart !== null) {
        log.error({ file }, `web configuration: ${restart}; the old one stays until then`);
        return;
      }
      this.current = next;
      this.deps.onChange(next);
      log.info({ file }, 'web configuration read again');
    } catch (error) {
      if (!(error instanceof UpeError)) throw error;
      const problems = error.message.split('\n');
      log.error({ file, problems }, 'web configuration cannot be used: the old one stays');
    }
  }
}

/** What can only be changed by a restart, or `null`: a listening socket keeps it. */
function whyRestart(old: WebConfig, next: WebConfig): string | null {
  if ((old.tls === null) !== (next.tls === null)) return 'TLS is turned on or off by a restart only';
  const asks = ({ tls }: WebConfig) => tls !== null && tls.clientCertificates !== 'none';
  return asks(old) === asks(next) ? null : 'asking for client certificates begins or ends by a restart only';
}

/** Differs whenever one of the files, what is in it, or the right to read it does. */
async function appearance(files: readonly string[]): Promise<string> {
  const looks = files.map(async (file) => {
    try {
      await access(file, constants.R_OK);
      return stampOf(await stat(file, { bigint: true }));
    } catch (error) {
      return `${(error as NodeJS.ErrnoException).code}`;
    }
  });
  return (await Promise.all(looks)).join('\n');
}
