import type { BigIntStats } from 'node:fs';

/** How often a watched file is looked at, milliseconds. */
const LOOK_MS = 1000;

/**
 * Looks at files again and again, one look at a time: while one still waits for the file system, the next does
 * nothing.
 */
export class FileLooks {
  private timer: NodeJS.Timeout | null = null;
  private isLooking = false;

  constructor(private readonly look: () => Promise<void>) {}

  start(): void {
    this.timer ??= setInterval(() => void this.once(), LOOK_MS);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  async once(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    await this.look();
    this.isLooking = false;
  }
}

/** Differs whenever the file, or what is in it, does. */
export function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
