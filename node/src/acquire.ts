// Acquiring a lock: attempts, and waiting between them.
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { compiled, giveBack, type Instance, recover, taken, Trap, type WireAttempt, type WireLock } from "./instance";
import { answer, isRefusal, lockError } from "./answer";
import { Lock } from "./lock";
import { acquireInThread } from "./thread";
import { absolute, Watch } from "./watch";
import { factsOf, OwnWork } from "./work";

/** The name of the lock file without the option `name`. */
export const DEFAULT_NAME = "tinyforge.lock";

/** Which lock to acquire, and how. */
export interface AcquireOptions {
  /** The name of the lock file: a plain file name that ends in `.lock` or `.pid`. Default: `tinyforge.lock`. */
  readonly name?: string | undefined;
  /**
   * Whether to wait while another process has the lock: indefinitely (`true`), or up to so many milliseconds. Default:
   * `false`. Without it, only some seconds are waited for what has to settle, such as a file that is empty.
   */
  readonly wait?: boolean | number | undefined;
  /** Gives the attempt up once it is aborted. Nothing is left in the directory then. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Runs the component in a thread that this package starts, instead of the calling one. Then nothing blocks the event
   * loop: neither a search through a very large directory nor a network mount that hangs. Default: `false`.
   */
  readonly thread?: boolean | undefined;
  /**
   * Takes the lock over from exactly this owner (`holder.identity`), though it cannot be known whether it is dead. Use it
   * only for an owner that a person knows to be dead.
   */
  readonly assumeDead?: string | undefined;
}

/**
 * Acquires the lock on a directory.
 *
 * @throws {LockError} `ELOCKED` if another process has the lock, with `holder`; another code if there is another reason
 * @throws the reason of `signal`, once it is aborted
 */
export async function acquire(directory: string | URL, options: AcquireOptions = {}): Promise<Lock> {
  const { signal } = options;
  const place = placeOf(directory, options.name);
  const end = endOf(options.wait);
  signal?.throwIfAborted();
  if (options.thread) return acquireInThread(place, options);
  const code = await compiled();
  let watch: Watch | undefined;
  const instance = taken(code);
  let after: string | undefined;
  try {
    for (;;) {
      signal?.throwIfAborted();
      try {
        const lock = await settle(instance, place, options.assumeDead, after, signal);
        return held(place, instance, lock);
      } catch (error) {
        if (error instanceof Trap) recover(code, place.directory, place.name, instance);
        const why = lockError(place.directory, error);
        if (!isRefusal(why) || performance.now() >= end) throw why;
        after = why.holder?.claimed ? why.holder.identity : undefined;
      }
      // A release between a refusal and the first watch would be missed, so the next try comes at once.
      if (watch === undefined) watch = new Watch(place.directory, place.name);
      else await watch.change(end - performance.now(), signal);
    }
  } catch (error) {
    giveBack(instance);
    throw error;
  } finally {
    watch?.close();
  }
}

/** @internal */
export interface Place {
  readonly directory: string;
  readonly name: string;
}

/** @internal */
export function placeOf(directory: string | URL, name: string = DEFAULT_NAME): Place {
  const text = directory instanceof URL ? fileURLToPath(directory) : directory;
  if (typeof text !== "string" || text === "" || text.includes("\0")) {
    throw new TypeError("the directory must be a path or a file: URL");
  }
  if (typeof name !== "string") throw new TypeError("the option name must be a string");
  // The component expects well-formed text, and a name of the file system.
  return { directory: absolute(text), name };
}

/** Returns when waiting ends, by the monotonic clock. */
function endOf(wait: boolean | number | undefined): number {
  if (wait === true) return Number.POSITIVE_INFINITY;
  if (wait === false || wait === undefined) return Number.NEGATIVE_INFINITY;
  if (typeof wait !== "number" || !(wait >= 0)) throw new RangeError("the option wait must be a boolean or milliseconds");
  return performance.now() + wait;
}

/** Makes one attempt, and waits for what has to settle. */
async function settle(
  instance: Instance,
  { directory, name }: Place,
  assumeDead: string | undefined,
  after: string | undefined,
  signal: AbortSignal | undefined,
): Promise<WireLock> {
  const attempt: WireAttempt = instance.attempt(directory, name, assumeDead, after);
  const begun = performance.now();
  try {
    for (;;) {
      try {
        return instance.step(attempt, performance.now() - begun);
      } catch (error) {
        const cause = answer(error)?.cause;
        if (cause?.tag !== "again") throw error;
        await sleep(cause.val.retryMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  } finally {
    if (!instance.isTrapped) instance.drop(attempt);
  }
}

/** Hands a lock over, or gives it up if that fails. */
function held({ directory }: Place, instance: Instance, lock: WireLock): Lock {
  try {
    const facts = factsOf(directory, instance, lock);
    return new Lock(facts, new OwnWork(facts, instance, lock));
  } catch (error) {
    if (!instance.isTrapped) instance.release(lock);
    throw error;
  }
}
