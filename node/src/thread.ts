// The thread in which the component runs where a program asks for that, seen from the asking one.
import path from "node:path";
import { Worker } from "node:worker_threads";

import type { AcquireOptions, Place } from "./acquire";
import { LockError } from "./error";
import type { Status } from "./inspect";
import { compiled, recover } from "./instance";
import { Lock, type LockFacts, type Work } from "./lock";
import { type Answer, type Request, thrown } from "./messages";

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A request without its number. */
type Unnumbered<R> = R extends Request ? Omit<R, "id"> : never;

/** One thread, and what was asked of it. It does not keep the process running, except while it owes an answer. */
class Thread {
  private readonly worker = new Worker(path.join(__dirname, "thread.js"), { execArgv: [] });
  private readonly pending = new Map<number, Pending>();
  /** The places of the locks that are held there. */
  readonly held = new Set<Place>();
  private last = 0;
  ended = false;

  constructor() {
    this.worker.unref();
    this.worker.on("message", (answer: Answer) => this.settle(answer));
    this.worker.on("error", () => {});
    this.worker.on("exit", () => void this.end());
  }

  /** Sends a request. Returns its number and the promise of an answer. */
  ask(request: Unnumbered<Request>): { id: number; answer: Promise<unknown> } {
    const id = ++this.last;
    if (this.ended) return { id, answer: Promise.reject(hasEnded()) };
    const answer = new Promise<unknown>((resolve, reject) => this.pending.set(id, { resolve, reject }));
    this.worker.ref();
    this.worker.postMessage({ ...request, id });
    return { id, answer };
  }

  private settle(answer: Answer): void {
    const pending = this.pending.get(answer.id);
    this.pending.delete(answer.id);
    if (this.pending.size === 0) this.worker.unref();
    if ("error" in answer) pending?.reject(thrown(answer.error));
    else pending?.resolve(answer.value);
  }

  /** The thread has ended, by an error: its descriptors are closed, so what it left is dead, and is freed here. */
  private async end(): Promise<void> {
    this.ended = true;
    if (thread === this) thread = undefined;
    for (const { reject } of this.pending.values()) reject(hasEnded());
    this.pending.clear();
    const code = await compiled();
    for (const { directory, name } of this.held) recover(code, directory, name);
    this.held.clear();
  }
}

const hasEnded = () => new LockError("ETRAP", "", "the thread of lockhost has ended");

let thread: Thread | undefined;

function current(): Thread {
  thread ??= new Thread();
  return thread;
}

/** The work of a lock that another thread holds. */
class ThreadWork implements Work {
  readonly mayBlock = false;

  constructor(
    private readonly thread: Thread,
    private readonly lock: number,
    private readonly place: Place,
  ) {}

  async stillHeld(): Promise<boolean> {
    // The thread has ended, and its lock was freed.
    if (!this.thread.held.has(this.place)) return false;
    return (await this.thread.ask({ what: "stillHeld", lock: this.lock }).answer) as boolean;
  }

  // The thread refreshes what it holds by itself.
  async refresh(): Promise<void> {}

  async release(): Promise<void> {
    if (!this.thread.held.delete(this.place)) {
      throw new LockError("ELOST", path.join(this.place.directory, this.place.name), "the lock was lost: its thread has ended");
    }
    await this.thread.ask({ what: "release", lock: this.lock }).answer;
  }
}

export async function acquireInThread(place: Place, { wait, assumeDead, signal }: AcquireOptions): Promise<Lock> {
  const asked = current();
  const { directory, name } = place;
  const { id, answer } = asked.ask({ what: "acquire", directory, options: { name, wait, assumeDead } });
  const held = { directory, name };
  // From the moment that the thread may hold it.
  asked.held.add(held);
  const abort = () => void asked.ask({ what: "abort", attempt: id }).answer.catch(() => {});
  signal?.addEventListener("abort", abort);
  try {
    const facts = (await answer) as LockFacts;
    const lock = new Lock(facts, new ThreadWork(asked, id, held));
    if (signal?.aborted) await lock.release();
    signal?.throwIfAborted();
    return lock;
  } catch (error) {
    if (!asked.ended) asked.held.delete(held);
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

export const inspectInThread = async ({ directory, name }: Place): Promise<Status> =>
  (await current().ask({ what: "inspect", directory, options: { name } }).answer) as Status;
