// The lock, held.
import path from "node:path";

import { lostError } from "./answer";
import { asyncDispose } from "./dispose";
import { LockError } from "./error";
import { Watch } from "./watch";

/** A dead file that was removed on the way. */
export interface Replaced {
  readonly file: string;
  readonly pid: number | undefined;
  /** Why its owner counted as dead. */
  readonly reason: string;
}

/** What a person may want to know, and does not touch the lock. */
export interface Warning {
  readonly file: string;
  readonly message: string;
}

/** What is known of a lock from the start. */
export type LockFacts = Pick<Lock, "directory" | "path" | "pid" | "identity" | "replaced" | "warnings">;

/** What a lock does, in this thread or in another one. */
export interface Work {
  /** Whether this thread may block, for as long as the file system takes. */
  readonly mayBlock: boolean;
  stillHeld(): Promise<boolean>;
  refresh(): Promise<void>;
  release(): Promise<void>;
}

/** How often the files are refreshed, so that no program removes them for their age. */
const DAY = 86_400_000;

/**
 * All locks that this thread holds, and what refreshes each. It also keeps them from garbage collection, by which jco
 * releases what a program has no reference to.
 */
const held = new Map<Lock, () => void>();
let refreshing: NodeJS.Timeout | undefined;

function hold(lock: Lock, refresh: () => void): void {
  held.set(lock, refresh);
  refreshing ??= setInterval(() => held.forEach((again) => again()), DAY).unref();
}

function letGo(lock: Lock): void {
  held.delete(lock);
  if (held.size > 0) return;
  clearInterval(refreshing);
  refreshing = undefined;
}

/** A lock that this process holds, until it is released or the process ends. */
export class Lock {
  /** The path of the lock file. */
  readonly path: string;
  /** The directory that is locked. */
  readonly directory: string;
  /** The number in the lock file: that of this process. */
  readonly pid: number;
  /** What names this owner for good. */
  readonly identity: string;
  /** What was removed to acquire it, in that order. */
  readonly replaced: readonly Replaced[];
  /** What else could not be done. */
  readonly warnings: readonly Warning[];

  #work: Work | undefined;
  readonly #listeners = new Set<(error: LockError) => void>();
  #lost: LockError | undefined;
  #watch: Watch | undefined;

  /** @internal */
  constructor(facts: LockFacts, work: Work) {
    this.#work = work;
    this.directory = facts.directory;
    this.path = facts.path;
    this.pid = facts.pid;
    this.identity = facts.identity;
    this.replaced = facts.replaced;
    this.warnings = facts.warnings;
    hold(this, () => this.#refresh());
  }

  /**
   * Returns whether the lock file is still this lock's own. It is `false` once that file was removed or replaced, or once
   * the path names another directory or none: then another process may have the directory.
   *
   * @throws {LockError} `ERELEASED`; another code if that file cannot be checked
   */
  async stillHeld(): Promise<boolean> {
    return this.#open().stillHeld();
  }

  /**
   * Calls `listener` once if the lock is lost: when `stillHeld` would return `false`. The loss is
   * reported within about a second. Neither the watch nor the timer keeps the process running.
   *
   * @returns a function that removes the listener
   */
  onLost(listener: (error: LockError) => void): () => void {
    const work = this.#open();
    if (this.#lost) {
      const lost = this.#lost;
      queueMicrotask(() => listener(lost));
      return () => {};
    }
    this.#listeners.add(listener);
    if (this.#watch === undefined) {
      this.#watch = new Watch(work.mayBlock ? this.directory : undefined, path.basename(this.path));
      void this.#untilLost(this.#watch);
    }
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Releases the lock.
   *
   * @throws {LockError} `ERELEASED` the second time; `ELOST` if another program removed or replaced the file, which is left
   * alone; another code if a file could not be removed: its owner counts as dead once this process has ended
   */
  async release(): Promise<void> {
    const work = this.#open();
    this.#work = undefined;
    letGo(this);
    this.#watch?.close();
    await work.release();
  }

  /** Releases the lock, unless that was done before. For `await using`. */
  async [asyncDispose](): Promise<void> {
    if (this.#work) await this.release();
  }

  #open(): Work {
    if (this.#work === undefined) throw new LockError("ERELEASED", this.path, `the lock ${this.path} was released before`);
    return this.#work;
  }

  #refresh(): void {
    // The lock is held all the same.
    this.#work?.refresh().catch(() => {});
  }

  async #untilLost(watch: Watch): Promise<void> {
    while (this.#work !== undefined) {
      // A failure to check is no loss.
      if ((await this.stillHeld().catch(() => true)) === false) break;
      await watch.change(Number.POSITIVE_INFINITY, undefined, false);
    }
    watch.close();
    if (this.#work === undefined) return;
    this.#lost = lostError(this.path);
    for (const listener of this.#listeners) listener(this.#lost);
  }
}
