// How it is known whether an owner lives, in the words of wit/lockfile.wit.

/** Why an owner counts as alive: `docs/protocol.md` has the table. */
export type AliveReason = "evidence" | "running" | "unguarded" | "exists" | "this-process" | "own-pid" | "session";

/** Why an owner is certainly dead. */
export type DeadReason =
  | "no-process"
  | "zombie"
  | "thread"
  | "reused"
  | "evidence-gone"
  | "nobody"
  | "session-gone";

/** Why it cannot be known whether an owner is alive. */
export type UnknownReason =
  | "other-boot"
  | "other-namespace"
  | "unreadable"
  | "no-answer"
  | "no-coordinator"
  | "unreachable"
  | "other-incarnation"
  | "watched";
