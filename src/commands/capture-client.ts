import type { IncomingMessage } from 'node:http';
import { CAPTURES_PATH } from '../stats/http/gate.js';
import type { EngineClient } from './engine-client.js';

/** Has an engine capture. */
export class CaptureClient {
  constructor(private readonly engine: EngineClient) {}

  /**
   * Begins a capture.
   *
   * @param body what is asked for, as the API takes it.
   * @returns the answer, whose body is the packets; `path`: of the capture in the API.
   * @throws EnvironmentError when the engine does not answer, or refuses.
   */
  async begin(body: object): Promise<{ readonly answer: IncomingMessage; readonly path: string }> {
    const answer = await this.engine.send('POST', CAPTURES_PATH, body);
    if (answer.statusCode !== 200) throw await this.engine.refusal(answer);
    return { answer, path: answer.headers['content-location'] ?? CAPTURES_PATH };
  }

  /** Ends a capture; the answer to `begin` ends by itself then. */
  async end(path: string): Promise<void> {
    (await this.engine.send('DELETE', path)).resume();
  }
}
