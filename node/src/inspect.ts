// Judging a lock without acquiring it.
import { placeOf } from "./acquire";
import { lockError } from "./answer";
import { compiled, giveBack, taken } from "./instance";
import { inspectInThread } from "./thread";
import { type Holder, holderOf } from "./holder";

/** Which lock to judge. */
export interface InspectOptions {
  /** The name of the lock file. Default: `tinyforge.lock`. */
  readonly name?: string | undefined;
  /** Runs the component in a thread that this package starts, as for {@link AcquireOptions.thread}. */
  readonly thread?: boolean | undefined;
}

/** The lock, judged and not touched. */
export interface Status {
  /**
   * What an attempt would find: no lock file (`free`), a living owner (`held`), one of which it cannot be known
   * (`unknown`; refused), a dead one (`stale`; taken over), or a file that names no process (`malformed`; taken over once
   * it has settled).
   */
  readonly state: "free" | "held" | "unknown" | "stale" | "malformed";
  /** The owner of the lock file; `undefined` if there is none. */
  readonly holder: Holder | undefined;
  /** The owners of reclaim locks, the first level first. */
  readonly reclaiming: readonly Holder[];
}

/**
 * Judges the lock on a directory without writing anything. The result may be outdated at once.
 *
 * @throws {LockError} if the directory or its lock file cannot be read, or the name is not valid
 */
export async function inspect(directory: string | URL, options: InspectOptions = {}): Promise<Status> {
  const place = placeOf(directory, options.name);
  if (options.thread) return inspectInThread(place);
  const instance = taken(await compiled());
  try {
    const { state, files } = instance.inspect(place.directory, place.name);
    const holders = files.map(({ file, holder }) => holderOf(place.directory, file, holder));
    const holder = state === "free" ? undefined : holders.shift();
    return { state, holder, reclaiming: holders };
  } catch (error) {
    throw lockError(place.directory, error);
  } finally {
    giveBack(instance);
  }
}
