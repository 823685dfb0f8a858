// The lock, held.
import path from "node:path";

import { compiled, giveBack, type Instance, recover, Trap, type WireLock } from "./instance";
import type { ReplacedReason, Report } from "./contract";
import { failedError, lockError, lostError } from "./answer";
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

  #lock: WireLock | undefined;
  readonly #instance: Instance;
  readonly #listeners = new Set<(error: LockError) => void>();
  #lost: LockError | undefined;
  #watch: Watch | undefined;

  /** @internal */
  constructor(directory: string, instance: Instance, lock: WireLock) {
    const report: Report = instance.with(lock, (it) => it.report());
    this.#instance = instance;
    this.#lock = lock;
    this.directory = directory;
    this.path = path.join(directory, report.file);
    this.pid = report.pid;
    this.identity = report.identity;
    this.replaced = report.replaced.map((it) => replacedOf(directory, it));
    this.warnings = report.warnings.map((it) => warningOf(directory, it));
    hold(this, () => this.#refresh());
  }

  /**
   * Returns whether the lock file is still this lock's own. It is `false` once that file was removed or replaced: then
   * another process may have the directory.
   *
   * @throws {LockError} `ERELEASED`; another code if that file cannot be checked
   */
  async stillHeld(): Promise<boolean> {
    const lock = this.#open();
    try {
      return this.#instance.with(lock, (it) => it.stillHeld());
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /**
   * Calls `listener` once if the lock is lost: when its file was removed or replaced by another program. The loss is
   * reported within about a second. Neither the watch nor the timer keeps the process running.
   *
   * @returns a function that removes the listener
   */
  onLost(listener: (error: LockError) => void): () => void {
    this.#open();
    if (this.#lost) {
      const lost = this.#lost;
      queueMicrotask(() => listener(lost));
      return () => {};
    }
    this.#listeners.add(listener);
    if (this.#watch === undefined) {
      this.#watch = new Watch(this.directory, path.basename(this.path));
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
    const lock = this.#open();
    this.#lock = undefined;
    letGo(this);
    this.#watch?.close();
    try {
      if (this.#instance.isTrapped) await this.#recover();
      else this.#instance.release(lock);
    } catch (error) {
      if (error instanceof Trap) await this.#recover();
      throw this.#failure(error);
    } finally {
      giveBack(this.#instance);
    }
  }

  /** Releases the lock, unless that was done before. For `await using`. */
  async [asyncDispose](): Promise<void> {
    if (this.#lock) await this.release();
  }

  #open(): WireLock {
    if (this.#lock === undefined) throw new LockError("ERELEASED", this.path, `the lock ${this.path} was released before`);
    return this.#lock;
  }

  #failure(error: unknown): unknown {
    const { payload } = error as { payload?: { operation?: string; code?: string } };
    const { operation, code } = payload ?? {};
    if (operation !== undefined && code !== undefined) return failedError(this.path, { operation, code });
    return lockError(this.directory, error);
  }

  async #recover(): Promise<void> {
    recover(await compiled(), this.#instance, this.directory, path.basename(this.path));
  }

  #refresh(): void {
    try {
      this.#instance.with(this.#open(), (it) => it.refresh());
    } catch {
      // The lock is held all the same.
    }
  }

  async #untilLost(watch: Watch): Promise<void> {
    while (this.#lock !== undefined) {
      // A failure to check is no loss.
      if ((await this.stillHeld().catch(() => true)) === false) break;
      await watch.change(Number.POSITIVE_INFINITY, undefined, false);
    }
    watch.close();
    if (this.#lock === undefined) return;
    this.#lost = lostError(this.path);
    for (const listener of this.#listeners) listener(this.#lost);
  }
}

const inWords = (reason: ReplacedReason) => (reason.tag === "dead" ? reason.val : reason.tag);

const replacedOf = (directory: string, it: Report["replaced"][number]): Replaced => ({
  file: path.join(directory, it.file),
  pid: it.pid,
  reason: inWords(it.reason),
});

function warningOf(directory: string, { file, remark }: Report["warnings"][number]): Warning {
  const at = path.join(directory, file);
  switch (remark.tag) {
    case "other-reclaim":
      return { file: at, message: `${at} of another program (pid ${remark.val ?? "unknown"}) stayed for two seconds` };
    case "untidy":
      return { file: at, message: failedError(at, remark.val).message };
    case "unswept":
      return { file: at, message: `${at} has more claims than one sweep checks` };
  }
}
