import type { CountsEvent, PassEvent, TableEvent } from './events.js';

/** How it goes with the news. */
export type FeedState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** Unix time of the last news, milliseconds; `null` where there has been none yet. */
  | { readonly kind: 'silent'; readonly sinceMs: number | null };

export interface FeedListeners {
  onTable(table: TableEvent): void;
  onCounts(counts: CountsEvent): void;
  onPass(pass: PassEvent): void;
  onState(state: FeedState): void;
}

const EVENTS_PATH = '/api/v1/events';
/** Passes that may fail to come before it is said so, and the shortest time that this is, milliseconds. */
const MISSED_PASSES_MAX = 3;
const SILENCE_MS_MIN = 4000;
/** How often it is looked whether there is news, milliseconds. */
const LOOK_MS = 500;
/** Time from one attempt to the next where the browser makes none by itself, milliseconds. */
const RETRY_MS = 5000;

/**
 * The events of the engine. Nobody looks at a page that is hidden, so that it gives its connection back, of which a
 * browser has six for one server; and numbers that stand still are said to, or they would look like an engine at rest.
 */
export class Feed {
  private events: EventSource | null = null;
  private state: FeedState['kind'] | null = null;
  private heardMs: number | null = null;
  private triedMs = 0;
  private intervalMs = 1000;

  constructor(private readonly listeners: FeedListeners) {}

  start(): void {
    document.addEventListener('visibilitychange', () => (document.hidden ? this.close() : this.open()));
    setInterval(() => this.look(), LOOK_MS);
    if (!document.hidden) this.open();
  }

  private open(): void {
    this.close();
    this.triedMs = performance.now();
    const events = new EventSource(EVENTS_PATH);
    this.events = events;
    const { listeners } = this;
    listen<TableEvent>(events, 'table', (table) => listeners.onTable(table));
    listen<CountsEvent>(events, 'counts', (counts) => listeners.onCounts(counts));
    listen<PassEvent>(events, 'pass', (pass) => {
      this.heardMs = performance.now();
      this.intervalMs = pass.interval_ms;
      this.tell({ kind: 'live' });
      listeners.onPass(pass);
    });
    events.addEventListener('error', () => this.fall());
    if (this.state === null) this.tell({ kind: 'connecting' });
  }

  private close(): void {
    this.events?.close();
    this.events = null;
  }

  private look(): void {
    if (document.hidden || this.events === null) return;
    const nowMs = performance.now();
    const patienceMs = Math.max(SILENCE_MS_MIN, MISSED_PASSES_MAX * this.intervalMs);
    const isSilent = nowMs - Math.max(this.heardMs ?? 0, this.triedMs) > patienceMs;
    if (isSilent) this.fall();
    const isOver = this.events.readyState === EventSource.CLOSED;
    if ((isSilent || isOver) && nowMs - this.triedMs > Math.max(RETRY_MS, patienceMs)) this.open();
  }

  private fall(): void {
    const sinceMs = this.heardMs === null ? null : Date.now() - (performance.now() - this.heardMs);
    this.tell({ kind: 'silent', sinceMs });
  }

  /** Only what is new: it is read out to those who do not see it. */
  private tell(state: FeedState): void {
    if (state.kind === this.state) return;
    this.state = state.kind;
    this.listeners.onState(state);
  }
}

function listen<Content>(events: EventSource, name: string, take: (content: Content) => void): void {
  events.addEventListener(name, ({ data }: MessageEvent<string>) => take(JSON.parse(data) as Content));
}
