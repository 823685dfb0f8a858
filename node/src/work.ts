// What a lock does in the thread that acquired it.
import path from "node:path";

import { failedError, lockError } from "./answer";
import type { ReplacedReason, Report } from "./contract";
import { compiled, giveBack, type Instance, recover, Trap, type WireLock } from "./instance";
import type { LockFacts, Replaced, Warning, Work } from "./lock";

/** Returns what is known of a lock. */
export function factsOf(directory: string, instance: Instance, lock: WireLock): LockFacts {
  const report = instance.with(lock, (it) => it.report());
  return {
    directory,
    path: path.join(directory, report.file),
    pid: report.pid,
    identity: report.identity,
    replaced: report.replaced.map((it) => replacedOf(directory, it)),
    warnings: report.warnings.map((it) => warningOf(directory, it)),
  };
}

/** The work of a lock by the instance of the component that acquired it. */
export class OwnWork implements Work {
  readonly mayBlock = true;

  constructor(
    private readonly facts: LockFacts,
    private readonly instance: Instance,
    private readonly lock: WireLock,
  ) {}

  async stillHeld(): Promise<boolean> {
    try {
      const held = this.instance.with(this.lock, (it) => it.stillHeld());
      return held && this.instance.isNamedBy(this.facts.directory);
    } catch (error) {
      throw this.failure(error);
    }
  }

  async refresh(): Promise<void> {
    this.instance.with(this.lock, (it) => it.refresh());
  }

  async release(): Promise<void> {
    try {
      if (this.instance.isTrapped) await this.recover();
      else this.instance.release(this.lock);
    } catch (error) {
      if (error instanceof Trap) await this.recover();
      throw this.failure(error);
    } finally {
      giveBack(this.instance);
    }
  }

  private failure(error: unknown): unknown {
    const { payload } = error as { payload?: { operation?: string; code?: string } };
    const { operation, code } = payload ?? {};
    if (operation !== undefined && code !== undefined) return failedError(this.facts.path, { operation, code });
    return lockError(this.facts.directory, error);
  }

  private async recover(): Promise<void> {
    recover(await compiled(), this.facts.directory, path.basename(this.facts.path), this.instance);
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
