// Waiting for a change of the lock file: by notification, and by polling for what no system reports.
import fs from "node:fs";
import path from "node:path";

/** How long to wait for a notification. The death of an owner, and changes on a network mount, give none. */
export const POLL = 1_000;

/** A watch on the directory of a lock. Where the system has none, only the time passes. */
export class Watch {
  private watcher: fs.FSWatcher | undefined;
  private changed = false;
  private wake: (() => void) | undefined;

  /** Without a directory there is only the time: to watch one may block. */
  constructor(directory: string | undefined, name: string) {
    if (directory === undefined) return;
    try {
      this.watcher = fs.watch(directory, { persistent: false }, (_event, file) => {
        if (file === null || file === name) this.notify();
      });
      this.watcher.on("error", () => this.close());
    } catch {
      // No watch is left, or the system has none.
    }
  }

  private notify(): void {
    this.changed = true;
    this.wake?.();
  }

  /** Waits for a change since the last call, for `most` milliseconds at most. Ends early once `signal` is aborted. */
  async change(most: number, signal?: AbortSignal, ref = true): Promise<void> {
    if (!this.changed && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const timer = setTimeout(wake, Math.max(0, Math.min(most, POLL)));
        if (!ref) timer.unref();
        this.wake = wake;
        signal?.addEventListener("abort", wake);
      });
      this.wake = undefined;
    }
    this.changed = false;
  }

  close(): void {
    this.watcher?.close();
    this.watcher = undefined;
    this.wake?.();
  }
}

/** Returns the absolute path of a directory, so that a later change of the working directory makes no difference. */
export const absolute = (directory: string) => path.resolve(directory);
