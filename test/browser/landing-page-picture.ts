/*
 * Makes the picture of the landing page that the README shows:
 *
 *     npm run build
 *     node dist/test/browser/landing-page-picture.js deploy/images/landing-page.png
 *     pngquant --force --ext .png 64 deploy/images/landing-page.png      # Debian: pngquant; a third of the size
 *
 * Demo traffic with the bundled rules, watched for a little more than a minute. The numbers differ a little each time.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startBrowser } from '../support/browser.js';
import { startUpe } from '../support/upe-process.js';

/** The figures of a start are still those of compilation: they are not looked at. */
const WARM_UP_MS = 10_000;
/** The table has a line of the last minute for each rule. */
const WATCHED_MS = 65_000;
const WIDTH = 1280;
/** Space below the last part that the picture shows, pixels. */
const MARGIN = 24;

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: landing-page-picture.js FILE.png');

/** What the supports of the tests ask of a test, last things first. */
const teardowns: (() => unknown)[] = [];
const scope = { teardown: (clean: () => unknown) => teardowns.unshift(clean) };
try {
  const browser = await startBrowser(scope);
  const page = await browser.newPage({ viewport: { width: WIDTH, height: 800 }, colorScheme: 'light' });
  // Room for the time that a browser takes to start: nobody wants to see it as packets lost.
  const upe = await startUpe(scope, { UPE_SOURCE: 'demo', UPE_RING_SLOTS: '16384' });
  await sleep(WARM_UP_MS);
  await page.goto(`http://127.0.0.1:${upe.port}/`);
  await sleep(WATCHED_MS);
  const box = await page.locator('#no-rule').boundingBox();
  if (box === null) throw new Error('the page has no table of rules');
  const clip = { x: 0, y: 0, width: WIDTH, height: Math.ceil(box.y + box.height) + MARGIN };
  await page.screenshot({ path: file, fullPage: true, clip });
  await upe.stop();
} finally {
  for (const clean of teardowns) await clean();
}
