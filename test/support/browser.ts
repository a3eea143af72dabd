import { accessSync, constants } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { temporaryFolder } from './engine-fixture.js';

/** Debian's Chromium: playwright-core brings none of its own. */
const CHROMIUM = '/usr/bin/chromium';

/** No sandbox, because tests may run as root; nothing that would ask anybody outside. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Why there can be no browser here, or `false`: for tap's `skip`. */
export function browserMissing(): string | false {
  try {
    accessSync(CHROMIUM, constants.X_OK);
    return false;
  } catch {
    return `needs ${CHROMIUM} (Debian: chromium)`;
  }
}

/** Starts Chromium without a window, with a profile of its own that goes when the test ends. */
export async function startBrowser(t: { teardown(clean: () => unknown): unknown }): Promise<Browser> {
  const home = temporaryFolder(t);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ARGUMENTS,
    // It would keep notes in the user's home otherwise.
    env: { ...plainEnvironment(), HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
  });
  t.teardown(() => browser.close());
  return browser;
}

/** The test's environment without what tap gives to each Node.js program below it. */
function plainEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[0] !== 'NODE_OPTIONS' && entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
