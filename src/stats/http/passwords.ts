import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PASSWORDS_WAITING_MAX } from './limits.js';

/** Users and passwords that are remembered as right. */
const REMEMBERED_MAX = 64;
/** After a wrong password nobody's is looked at for this time, milliseconds: guessing must not take a processor. */
const REST_MS = 100;
/** No password has this hash that anybody would try: what stands for the one of a user who does not exist. */
const DECOY = 'KHqfR2Lz9vXo1yTnB5cWdeGmJpUsA3iYkEwQrZtDxVbNhCgFjM7lO';

export interface PasswordsDeps {
  /** Whether a password has a bcrypt hash; called for one at a time. */
  readonly compare: (password: string, hash: string) => Promise<boolean>;
}

/** `busy`: too many wait already, ask again later. */
export type Judgement = 'right' | 'wrong' | 'busy';

/**
 * Judges user names and passwords. What was right once is remembered, under a key of this process, so that a
 * scraper costs one bcrypt comparison and not one each time; a wrong one is compared every time. A user who
 * does not exist takes as long as one who does.
 */
export class Passwords {
  private readonly key = randomBytes(32);
  /** Oldest first. */
  private readonly remembered = new Set<string>();
  private readonly waiting = new Map<string, Promise<boolean>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: PasswordsDeps) {}

  /**
   * @param header the request's `Authorization`, if it has one.
   * @param users bcrypt hashes by user name, at least one.
   */
  async judge(header: string | undefined, users: ReadonlyMap<string, string>): Promise<Judgement> {
    const credentials = credentialsOf(header);
    if (credentials === null) return 'wrong';
    const { user, password } = credentials;
    const hash = users.get(user);
    const compared = hash ?? decoyOf(users);
    // The hash is part of it: a password that was changed is remembered no more.
    const mark = this.markOf(user, compared, password);
    if (this.remembered.delete(mark)) {
      this.remembered.add(mark);
      return 'right';
    }
    let comparison = this.waiting.get(mark);
    if (comparison === undefined) {
      if (this.waiting.size >= PASSWORDS_WAITING_MAX) return 'busy';
      comparison = this.inTurn(password, compared).finally(() => this.waiting.delete(mark));
      this.waiting.set(mark, comparison);
    }
    const isRight = (await comparison) && hash !== undefined;
    if (isRight) this.remember(mark);
    return isRight ? 'right' : 'wrong';
  }

  private inTurn(password: string, hash: string): Promise<boolean> {
    const next = this.last.then(() => this.deps.compare(password, hash));
    this.last = next.then(
      (isRight) => (isRight ? undefined : sleep(REST_MS)),
      () => undefined,
    );
    return next;
  }

  private remember(mark: string): void {
    this.remembered.add(mark);
    const [oldest] = this.remembered;
    if (this.remembered.size > REMEMBERED_MAX) this.remembered.delete(oldest);
  }

  /** Tells nothing of what it is made of, and cannot be made outside of this process. */
  private markOf(...parts: readonly string[]): string {
    return createHmac('sha256', this.key).update(JSON.stringify(parts)).digest('base64');
  }
}

/** RFC 7617. */
function credentialsOf(header: string | undefined): { user: string; password: string } | null {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** As costly as the costliest of them. */
function decoyOf(users: ReadonlyMap<string, string>): string {
  const costs = [...users.values()].map((hash) => hash.slice(4, 6)).sort();
  return `$2b$${costs[costs.length - 1]}$${DECOY}`;
}
