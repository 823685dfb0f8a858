// The types of wit/lockfile.wit, as jco passes them.
import type { AliveReason, DeadReason, UnknownReason } from "./reasons";

export type Liveness =
  | { readonly tag: "alive"; readonly val: AliveReason }
  | { readonly tag: "dead"; readonly val: DeadReason }
  | { readonly tag: "unknown"; readonly val: UnknownReason };

export type Owner = { tag: "maker"; val: string } | { tag: "pid"; val: number } | { tag: "nobody" };

export interface Maker {
  pid: number;
  identity: string;
  evidence: boolean;
  session: boolean;
}

export interface Datetime {
  seconds: bigint;
  nanoseconds: number;
}

export interface WireHolder {
  pid?: number;
  identity?: string;
  claimed: boolean;
  since?: Datetime;
  liveness: Liveness;
}

export interface Failure {
  operation: string;
  code: string;
}

export type NotALock = { tag: "kind"; val: string } | { tag: "size"; val: bigint };

export type Cause =
  | { tag: "held"; val: { holder: WireHolder; occupation: "owning" | "reclaiming" | "overtaking" } }
  | { tag: "again"; val: { awaited: string; retryMs: number } }
  | { tag: "contended" | "too-deep" | "bad-name" | "ended" | "lost" }
  | { tag: "not-a-lock"; val: NotALock }
  | { tag: "failed"; val: Failure }
  | { tag: "host"; val: string };

/** An error of the component: the file that it is about, and why. */
export interface WireError {
  file: string;
  cause: Cause;
}

export type ReplacedReason = { tag: "dead"; val: DeadReason } | { tag: "malformed" | "assumed-dead" };

export type Remark =
  | { tag: "other-reclaim"; val?: number }
  | { tag: "untidy"; val: Failure }
  | { tag: "unswept" };

export interface Report {
  file: string;
  pid: number;
  identity: string;
  claimed: boolean;
  evidence: boolean;
  replaced: { file: string; pid?: number; reason: ReplacedReason }[];
  warnings: { file: string; remark: Remark }[];
}

export interface WireStatus {
  state: "free" | "held" | "unknown" | "stale" | "malformed";
  files: { file: string; holder: WireHolder }[];
  evidence: boolean;
}
