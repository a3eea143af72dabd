import { EnvironmentError } from '../errors.js';
import {
  type InterfaceInfo,
  InterfaceQuery,
  type InterfaceState,
  interfaceNames,
} from '../kernel/interfaces.js';
import { createLinks, Links } from '../memory/link-layout.js';
import { nearest } from '../rules/nearest.js';
import type { SourceSpec } from '../source/source-spec.js';

/** How often the kernel is asked how its interfaces are, milliseconds. */
const LOOK_MS = 250;
/**
 * The same while all are up and their reader tells of those that go down: a look costs main 0.2 ms of processor time,
 * and four in a second were a thirteenth of what it cost to watch 50,000 packets a second. Nobody tells of a carrier
 * that is lost: that is noted so much later.
 */
const LOOK_TOLD_MS = 1000;
/** From such a word to the look: one that goes up and down all the time is looked at so often at the most. */
const LOOK_SOON_MS = 10;

export interface InterfaceWatchConfig {
  /** The engine's list. */
  readonly names: readonly string[];
  /** Whoever reads them says so (`lookSoon`) when one of them goes down. */
  readonly isTold: boolean;
}

export interface InterfaceWatchDeps {
  /** How one is, at every look; `null` while there is none of that name. */
  readonly onLook?: (position: number, state: InterfaceState | null) => void;
  /** An interface went up or down, or is gone. */
  readonly onLink: (name: string, state: 'up' | 'down' | 'gone') => void;
}

/** Main keeps watch over the interfaces, and notes for all threads how they are. */
export class InterfaceWatch {
  /** What main knows of them, in the order of the engine's list. */
  readonly linksBuffer: SharedArrayBuffer;
  private readonly links: Links;
  private readonly lastState: ('up' | 'down' | 'gone' | null)[];
  private query: InterfaceQuery | null = null;
  private timer: NodeJS.Timeout | null = null;
  private isLookingSoon = false;

  constructor(
    private readonly config: InterfaceWatchConfig,
    private readonly deps: InterfaceWatchDeps,
  ) {
    this.linksBuffer = createLinks(config.names.length);
    this.links = new Links(this.linksBuffer);
    this.lastState = config.names.map(() => null);
  }

  /**
   * Looks for the first time.
   *
   * @returns what the kernel says of each.
   * @throws EnvironmentError when one is not there.
   */
  open(): readonly InterfaceInfo[] {
    this.query = new InterfaceQuery();
    const { query } = this;
    return this.config.names.map((name, i) => {
      const info = requireInterface(query, name);
      this.links.set(i, info.index, info.isUp);
      return info;
    });
  }

  /** Whether an interface joins received frames to larger ones: GRO or LRO. */
  joinsFrames(name: string): boolean {
    return this.query?.joinsFrames(name) === true;
  }

  /** Looks now, and again and again from now on. */
  begin(): void {
    this.look();
    // Whoever is told of a look may have closed this.
    if (this.query === null) return;
    this.isLookingSoon = false;
    const isQuiet = this.config.isTold && this.lastState.every((state) => state === 'up');
    this.lookIn(isQuiet ? LOOK_TOLD_MS : LOOK_MS);
  }

  /** Something has happened to one of them. */
  lookSoon(): void {
    if (this.timer === null || this.isLookingSoon) return;
    this.isLookingSoon = true;
    this.lookIn(LOOK_SOON_MS);
  }

  close(): void {
    this.stopTimer();
    this.query?.close();
    this.query = null;
  }

  private lookIn(ms: number): void {
    this.stopTimer();
    this.timer = setTimeout(() => this.begin(), ms);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private look(): void {
    this.config.names.forEach((name, i) => {
      const now = this.query?.stateOf(name) ?? null;
      this.deps.onLook?.(i, now);
      this.links.set(i, now?.index ?? 0, now?.isUp === true);
      const state = now === null ? 'gone' : now.isUp ? 'up' : 'down';
      if (state !== this.lastState[i]) this.deps.onLink(name, state);
      this.lastState[i] = state;
    });
  }
}

/** @throws EnvironmentError when there is no such interface, with the name that was probably meant. */
function requireInterface(query: InterfaceQuery, name: string): InterfaceInfo {
  const info = query.find(name);
  if (info !== null) return info;
  const names = interfaceNames();
  const guess = nearest(name, names);
  const hint = guess === null ? `there are: ${names.join(', ')}` : `did you mean ${guess}?`;
  throw new EnvironmentError(`there is no interface ${JSON.stringify(name)} here; ${hint}`);
}

/** The watch over a raw-socket source's interfaces; `null` where it names none, and for any other source. */
export function createWatch(source: SourceSpec, deps: InterfaceWatchDeps): InterfaceWatch | null {
  if (source.kind !== 'raw-socket' || source.interfaces.length === 0) return null;
  return new InterfaceWatch({ names: source.interfaces, isTold: false }, deps);
}
