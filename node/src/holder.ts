// The holder of a lock, and what is known about whether it lives.
import path from "node:path";

import type { Liveness, WireHolder } from "./contract";
import type { AliveReason, DeadReason, UnknownReason } from "./reasons";

/** The owner of a lock file. */
export interface Holder {
  /** The path of the file: the lock file, or one of its reclaim locks. */
  readonly file: string;
  /** The number in the file; `undefined` where it holds no valid one. */
  readonly pid: number | undefined;
  /** What names the owner for good. `lockhost break --owner` and {@link AcquireOptions.assumeDead} take it. */
  readonly identity: string | undefined;
  /** Whether the identity comes from a claim. Otherwise the pid is all that the file has of its owner. */
  readonly claimed: boolean;
  /** When the file was last written, if its file system reports that. */
  readonly since: Date | undefined;
  /** Whether the owner lives. `unknown` counts as alive. */
  readonly liveness: "alive" | "dead" | "unknown";
  /** How that is known. */
  readonly reason: AliveReason | DeadReason | UnknownReason;
}

/** @internal */
export function holderOf(directory: string, file: string, holder: WireHolder): Holder {
  const { pid, identity, claimed, since, liveness } = holder;
  return {
    file: path.join(directory, file),
    pid,
    identity,
    claimed,
    since: since && new Date(Number(since.seconds) * 1000 + Math.floor(since.nanoseconds / 1e6)),
    liveness: liveness.tag,
    reason: liveness.val,
  };
}

const DOUBTS: Partial<Record<Liveness["val"], string>> = {
  evidence: "the kernel keeps it locked",
  unguarded: "it runs, but the file is not locked",
  exists: "its pid is in use, maybe reused",
  "own-pid": "this process has the same pid",
  "other-boot": "it ran before a reboot, or on another machine; liveness unknown",
  "other-namespace": "it is in another PID namespace; liveness unknown",
  unreadable: "its identity cannot be read; liveness unknown",
  "no-answer": "it cannot be examined here; liveness unknown",
  "no-coordinator": "it has a session, and this package asks no coordinator; liveness unknown",
};

/**
 * Returns the reason for a refusal in words: `D/x.lock is held by pid 4711 since …`.
 *
 * @internal
 */
export function refusal(holder: Holder, occupation: "owning" | "reclaiming" | "overtaking"): string {
  const isSelf = holder.reason === "this-process";
  const pid = holder.pid === undefined ? "an unknown pid" : `pid ${holder.pid}`;
  const owner = isSelf ? `this process itself (${pid})` : pid;
  const since = holder.since ? ` since ${holder.since.toISOString()}` : "";
  const notes = { owning: undefined, reclaiming: "it is reclaiming a dead lock", overtaking: "it reclaimed the lock first" };
  const note = isSelf ? undefined : (DOUBTS[holder.reason] ?? notes[occupation]);
  return `${holder.file} is held by ${owner}${since}${note ? `: ${note}` : ""}`;
}
