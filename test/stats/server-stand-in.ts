import { createLogger } from '../../src/log.js';
import { Exposer } from '../../src/stats/exposition.js';
import { HttpServer, type HttpSettings } from '../../src/stats/http-server.js';
import type { ReloadOutcome } from '../../src/stats/stats-messages.js';
import { EngineStandIn } from './engine-stand-in.js';

const HOST = '127.0.0.1';

/** Any free port of the loopback address, and nothing that is asked or may be changed. */
export const LOCAL_HTTP: HttpSettings = {
  host: HOST,
  port: 0,
  webConfigFile: null,
  lifecycle: false,
  captureDir: null,
  mustAuthenticate: false,
};

/** A server on a free port, over a stand-in of an engine; counts the passes that it asks for. */
export class ServerStandIn {
  readonly engine = new EngineStandIn();
  notReadyBecause: string | null = null;
  passes = 0;
  reloads = 0;
  reload: () => Promise<ReloadOutcome> = async () => ({ kind: 'loaded', generation: 2, ruleCount: 2 });
  url = '';
  readonly server: HttpServer;

  constructor(port = 0, host = HOST, settings: Partial<HttpSettings> = {}) {
    this.server = new HttpServer(
      { ...LOCAL_HTTP, host, port, ...settings, intervalMs: 1000 },
      {
        state: this.engine.state,
        exposer: new Exposer(this.engine.state),
        log: createLogger('silent', 'test'),
        pass: () => {
          this.passes++;
          return this.engine.pass();
        },
        nowMs: () => this.engine.clock.nowMs(),
        notReadyBecause: () => this.notReadyBecause,
        reload: () => {
          this.reloads++;
          return this.reload();
        },
        captures: this.engine.captures,
      },
    );
  }

  async start(): Promise<number> {
    const port = await this.server.start();
    this.url = `http://${HOST}:${port}`;
    return port;
  }

  async stop(): Promise<void> {
    this.engine.stop();
    await this.server.stop();
  }
}
