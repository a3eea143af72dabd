import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { PageFiles } from '../../../src/stats/http/page-files.js';
import { ROOT } from '../../support/package-root.js';
import { ServerStandIn } from '../server-stand-in.js';

const SCRIPT = join(ROOT, 'dist/src/page');
const MODULES = readdirSync(SCRIPT).filter((name) => name.endsWith('.js'));

async function start(t: { teardown(clean: () => Promise<void>): unknown }): Promise<string> {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  await standIn.start();
  return standIn.url;
}

t.test('each module of the script is served, and what they import is among them', async (t) => {
  const url = await start(t);
  t.ok(MODULES.includes('main.js'));
  for (const name of MODULES) {
    const response = await fetch(`${url}/page/${name}`);
    t.equal(response.status, 200, name);
    t.equal(response.headers.get('content-type'), 'text/javascript; charset=utf-8');
    const text = await response.text();
    t.equal(text, readFileSync(join(SCRIPT, name), 'utf8'), name);
    const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, path]) => path);
    t.ok(
      imported.every((path) => MODULES.includes(path.replace('./', ''))),
      imported.join(),
    );
  }
});

t.test('the charts are those of the package that is locked', async (t) => {
  const url = await start(t);
  for (const [name, file] of [
    ['uplot.js', 'uPlot.iife.min.js'],
    ['uplot.css', 'uPlot.min.css'],
  ]) {
    const text = await (await fetch(`${url}/page/${name}`)).text();
    t.equal(text, readFileSync(join(ROOT, 'node_modules/uplot/dist', file), 'utf8'), name);
    t.notMatch(text, /@import|url\(|importScripts/, 'and they load nothing');
  }
});

t.test('what a browser has already is not sent again', async (t) => {
  const url = `${await start(t)}/page/main.js`;
  const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
  const tag = plain.headers.get('etag') ?? '';
  t.match(tag, /^"[\w-]{43}"$/, 'strong');
  t.equal(plain.headers.get('cache-control'), 'private, no-cache');
  t.equal(plain.headers.get('content-encoding'), null);
  for (const [known, status] of [
    [tag, 304],
    [`"other", W/${tag}`, 304],
    ['*', 304],
    ['"other"', 200],
  ] as const) {
    const again = await fetch(url, { headers: { 'accept-encoding': 'identity', 'if-none-match': known } });
    t.equal(again.status, status, known);
    t.equal(again.headers.get('etag'), tag);
    if (status === 304) t.equal(await again.text(), '');
  }
  const zipped = await fetch(url, { headers: { 'accept-encoding': 'gzip', 'if-none-match': tag } });
  t.equal(zipped.status, 200, 'zipped they are other bytes');
  t.equal(zipped.headers.get('content-encoding'), 'gzip');
  t.equal(zipped.headers.get('vary'), 'accept-encoding');
  t.equal(await zipped.text(), await plain.text());
});

t.test('there are these files and no others', async (t) => {
  const url = await start(t);
  for (const path of [
    '',
    'main.ts',
    'tsconfig.json',
    '../main.js',
    '%2e%2e/main.js',
    'main.js/',
    '..%2fmain.js',
  ]) {
    t.equal((await fetch(`${url}/page/${path}`)).status, 404, path);
  }
});

t.test('they are small', async (t) => {
  const { sizes } = new PageFiles();
  const sum = (own: typeof sizes, of: 'bytes' | 'zippedBytes') =>
    own.reduce((all, size) => all + size[of], 0);
  const script = sizes.filter(({ name }) => !name.startsWith('uplot'));
  const rest = sizes.filter(({ name }) => name.startsWith('uplot'));
  t.comment(
    `script: ${sum(script, 'bytes')} bytes, ${sum(script, 'zippedBytes')} zipped; uPlot: ${sum(rest, 'bytes')}, ${sum(rest, 'zippedBytes')}`,
  );
  t.ok(sum(script, 'zippedBytes') < 24 * 1024);
  t.ok(sum(rest, 'zippedBytes') < 32 * 1024);
  t.equal(
    gunzipSync(Buffer.from(await zippedMain(t))).length,
    sizes.find(({ name }) => name === 'main.js')?.bytes,
  );
});

/** The bytes of the script's first module as they go over the network. */
async function zippedMain(t: { teardown(clean: () => Promise<void>): unknown }): Promise<Uint8Array> {
  const url = `${await start(t)}/page/main.js`;
  return new Promise((resolve, reject) => {
    request(url, { headers: { 'accept-encoding': 'gzip' }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve(Buffer.concat(chunks)));
    })
      .once('error', reject)
      .end();
  });
}
