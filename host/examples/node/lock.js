// The lock, as a program would want it.
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";

import { lockfile } from "./dist/lockfile.js";
import { openDirectory } from "./filesystem.js";

const { Attempt, Lock } = lockfile;

/**
 * Takes the lock on a directory; waits for what has to settle, for some seconds at most, and never for an owner.
 *
 * A refusal has a `payload`, the `error` of wit/lockfile.wit: which file, and the cause by its `tag`. The lock that
 * comes of it has `report()` and `stillHeld()`, and goes by `release(lock)`.
 */
export async function acquire(directory, { name = "tinyforge.lock", assumeDead } = {}) {
  const attempt = new Attempt(openDirectory(directory), { name, assumeDead });
  const begun = performance.now();
  for (;;) {
    try {
      return attempt.try(BigInt(Math.floor(performance.now() - begun)));
    } catch (error) {
      const cause = error.payload?.cause;
      if (cause?.tag !== "again") throw error;
      await setTimeout(cause.val.retryMs);
    }
  }
}

export const release = (lock) => Lock.release(lock);
