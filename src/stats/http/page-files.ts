import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { acceptsGzip } from './scrapes.js';

/** Where the page's script, and the library that it draws charts with, are found by browsers. */
export const PAGE_FILES_PATH = '/page/';

/** The page's script, seen from the compiled module `dist/src/stats/http/page-files.js`. */
const SCRIPT_FOLDER = new URL('../../page/', import.meta.url);
const SCRIPT_TYPE = 'text/javascript; charset=utf-8';

interface PageFile {
  readonly name: string;
  readonly type: string;
  readonly content: Buffer;
}

/** A file as it is sent. */
interface Sendable {
  /** Strong: the same bytes (RFC 9110, 8.8.3). */
  readonly tag: string;
  readonly body: Buffer;
}

/**
 * The files that the landing page loads: the modules of its script as tsc has written them, and uPlot as npm has
 * brought it. They are few and small, so that they are read once, and a path that is none of them is never looked for.
 */
export class PageFiles {
  private readonly files: readonly PageFile[];

  /** Reads the files. Throws where the installation lacks one. */
  constructor() {
    const modules = readdirSync(SCRIPT_FOLDER).filter((name) => name.endsWith('.js'));
    const { resolve } = createRequire(import.meta.url);
    const read = (file: string | URL) => readFileSync(file);
    this.files = [
      ...modules.map((name) => ({ name, type: SCRIPT_TYPE, content: read(new URL(name, SCRIPT_FOLDER)) })),
      { name: 'uplot.js', type: SCRIPT_TYPE, content: read(resolve('uplot/dist/uPlot.iife.min.js')) },
      {
        name: 'uplot.css',
        type: 'text/css; charset=utf-8',
        content: read(resolve('uplot/dist/uPlot.min.css')),
      },
    ];
  }

  /** Bytes of each file, before and after gzip. */
  get sizes(): { readonly name: string; readonly bytes: number; readonly zippedBytes: number }[] {
    return this.files.map(({ name, content }) => ({
      name,
      bytes: content.length,
      zippedBytes: gzipSync(content).length,
    }));
  }

  addRoutes(app: FastifyInstance): void {
    for (const { name, type, content } of this.files) {
      const plain = sendable(content);
      let zipped: Sendable | null = null;
      app.get(`${PAGE_FILES_PATH}${name}`, async (request, reply) => {
        const isZipped = acceptsGzip(request.headers['accept-encoding']);
        if (isZipped) zipped ??= sendable(gzipSync(content));
        if (isZipped) reply.header('content-encoding', 'gzip');
        return send(request, reply.type(type), isZipped && zipped !== null ? zipped : plain);
      });
    }
  }
}

function sendable(body: Buffer): Sendable {
  return { tag: `"${createHash('sha256').update(body).digest('base64url')}"`, body };
}

/** Browsers keep the file and ask each time whether it is still the one: another version may have been started. */
function send(request: FastifyRequest, reply: FastifyReply, { tag, body }: Sendable): FastifyReply {
  reply.header('cache-control', 'private, no-cache').header('etag', tag).header('vary', 'accept-encoding');
  const known = (request.headers['if-none-match'] ?? '')
    .split(',')
    .map((own) => own.trim().replace(/^W\//, ''));
  if (known.includes(tag) || known.includes('*')) return reply.code(304).send();
  return reply.send(body);
}
