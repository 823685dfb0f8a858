// Instances of the component, and what becomes of one that traps.
import fs from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";

import type { Report, WireStatus } from "./contract";
import { dispose } from "./dispose";
import { Descriptor, DirectoryEntryStream, type Open } from "./filesystem";
import { forget } from "./process/facts";
import * as processInterface from "./process/host";

/** The files of the component are beside this one once it is built. */
const load = async (file: string) => WebAssembly.compile(await fs.promises.readFile(path.join(__dirname, file)));

const MODULES = ["lockfile.core.wasm", "lockfile.core2.wasm", "lockfile.core3.wasm"];

/** The component, compiled. */
export interface Code {
  readonly modules: Map<string, WebAssembly.Module>;
  readonly instantiate: typeof import("./component.js").instantiate;
}

let code: Promise<Code> | undefined;

/** Compiles the component once in a thread, at the first call: an import of this package is to cost little. */
export function compiled(): Promise<Code> {
  code ??= compile().catch((error) => {
    code = undefined;
    throw error;
  });
  return code;
}

async function compile(): Promise<Code> {
  const pairs = await Promise.all(MODULES.map(async (file) => [file, await load(file)] as const));
  // The build makes it of host/lockfile.wasm.
  const { instantiate } = require("./component.js") as typeof import("./component.js");
  return { modules: new Map(pairs), instantiate };
}

export interface WireLock {
  report(): Report;
  stillHeld(): boolean;
  refresh(): void;
}

export interface WireAttempt {
  succeed(owner: string): void;
  try(elapsedMs: bigint): WireLock;
}

/** The interface that the component exports. */
export interface Lockfile {
  Attempt: new (dir: Descriptor, options: { name: string; assumeDead?: string | undefined }) => WireAttempt;
  Lock: { release(lock: WireLock): void };
  inspect(dir: Descriptor, name: string): WireStatus;
}

/** An instance of the component ended by a trap or an exception, and not by an answer. */
export class Trap extends Error {
  override readonly name = "Trap";
}

/** Instances that are in no use. To make one takes some milliseconds. */
const idle: Instance[] = [];
const MOST_IDLE = 4;

/** Returns an instance that is in no use. */
export const taken = (code: Code) => idle.pop() ?? new Instance(code);

/** Takes an instance back. One that a trap has ended, or that left a file open, is closed and not used again. */
export function giveBack(instance: Instance): void {
  const isReusable = !instance.isTrapped && instance.isClosed;
  instance.close();
  if (isReusable && idle.length < MOST_IDLE) idle.push(instance);
}

/** One instance of the component. It serves one attempt or lock at a time, so a trap costs one lock and no other. */
export class Instance {
  private readonly lockfile: Lockfile;
  private readonly open: Open = new Set();
  /** What ended it. */
  private trap: Trap | undefined;
  /** The device and inode of the directory of the last attempt. */
  private directory: string | undefined;

  constructor(code: Code) {
    const root = code.instantiate((file) => code.modules.get(file)!, {
      "lockhost:lockfile/process": processInterface,
      "wasi:clocks/wall-clock": {},
      "wasi:filesystem/types": { Descriptor, DirectoryEntryStream },
    });
    this.lockfile = root.lockfile as Lockfile;
  }

  /** Whether a trap has ended it. */
  get isTrapped(): boolean {
    return this.trap !== undefined;
  }

  /** Whether it has no file open. */
  get isClosed(): boolean {
    return this.open.size === 0;
  }

  /**
   * Calls the component.
   *
   * @throws what the component answers, as an object with a `payload`; a {@link Trap} if it did not answer
   */
  private call<T>(work: () => T): T {
    if (this.trap) throw this.trap;
    forget();
    try {
      return work();
    } catch (error) {
      if (Object.hasOwn(error as object, "payload")) throw error;
      this.trap = new Trap(`the component ended: ${(error as Error)?.message}`, { cause: error });
      throw this.trap;
    }
  }

  /**
   * Begins an attempt.
   *
   * @throws an error of node:fs if the directory cannot be opened
   */
  attempt(directory: string, name: string, assumeDead?: string, after?: string): WireAttempt {
    const dir = Descriptor.directory(directory, this.open);
    const seen = fs.fstatSync(dir.fd, { bigint: true });
    this.directory = `${seen.dev}:${seen.ino}`;
    return this.call(() => {
      const attempt = new this.lockfile.Attempt(dir, { name, assumeDead });
      if (after !== undefined) attempt.succeed(after);
      return attempt;
    });
  }

  /**
   * Returns whether a path names the directory of the last attempt. If it does not, other processes lock another one.
   *
   * @throws an error of node:fs if that cannot be known
   */
  isNamedBy(directory: string): boolean {
    const seen = fs.statSync(directory, { bigint: true, throwIfNoEntry: false });
    return seen !== undefined && this.directory === `${seen.dev}:${seen.ino}`;
  }

  /** Takes one step of an attempt. */
  step(attempt: WireAttempt, elapsed: number): WireLock {
    return this.call(() => attempt.try(BigInt(Math.floor(elapsed))));
  }

  /** Gives an attempt or a lock up, without a report of errors. */
  drop(resource: WireAttempt | WireLock): void {
    this.call(() => (resource as { [dispose]?(): void })[dispose]?.());
  }

  with<T>(lock: WireLock, work: (lock: WireLock) => T): T {
    return this.call(() => work(lock));
  }

  release(lock: WireLock): void {
    this.call(() => this.lockfile.Lock.release(lock));
  }

  inspect(directory: string, name: string) {
    const dir = Descriptor.directory(directory, this.open);
    try {
      return this.call(() => this.lockfile.inspect(dir, name));
    } finally {
      dir[dispose]();
    }
  }

  /** Closes what a trap left open. From then on a claim of this instance belongs to a dead owner. */
  close(): void {
    for (const file of [...this.open]) file[dispose]();
  }
}

/**
 * Frees a directory after a trap, or after the end of a thread: what the ended instance left there is dead, so another
 * instance takes the lock over, and releases it. Where that fails the lock is refused until this process ends.
 */
export function recover(code: Code, directory: string, name: string, ended?: Instance): void {
  ended?.close();
  const instance = taken(code);
  try {
    const attempt = instance.attempt(directory, name);
    const begun = performance.now();
    try {
      instance.release(instance.step(attempt, performance.now() - begun));
    } finally {
      instance.drop(attempt);
    }
  } catch {
    // Another process has the lock by now, or the failure that caused the trap persists.
  } finally {
    giveBack(instance);
  }
}
