import { createLogger } from '../../src/log.js';
import { Exposer } from '../../src/stats/exposition.js';
import { HttpServer } from '../../src/stats/http-server.js';
import { EngineStandIn } from './engine-stand-in.js';

const HOST = '127.0.0.1';

/** A server on a free port, over a stand-in of an engine; counts the passes that it asks for. */
export class ServerStandIn {
  readonly engine = new EngineStandIn();
  notReadyBecause: string | null = null;
  passes = 0;
  url = '';
  readonly server: HttpServer;

  constructor(port = 0, host = HOST) {
    this.server = new HttpServer(
      { host, port, intervalMs: 1000 },
      {
        state: this.engine.state,
        exposer: new Exposer(this.engine.state),
        log: createLogger('silent', 'test'),
        pass: () => {
          this.passes++;
          return this.engine.pass();
        },
        unixMs: () => this.engine.clock.ms,
        notReadyBecause: () => this.notReadyBecause,
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
