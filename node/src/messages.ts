// The messages between a thread that asks and the one in which the component runs.
import type { AcquireOptions } from "./acquire";
import { LockError } from "./error";
import type { LockFacts } from "./lock";

/** What the asking thread sends. `lock` is the number of the request that acquired it. */
export type Request =
  | { id: number; what: "acquire"; directory: string; options: Pick<AcquireOptions, "name" | "wait" | "assumeDead"> }
  | { id: number; what: "inspect"; directory: string; options: { name: string } }
  | { id: number; what: "stillHeld" | "release"; lock: number }
  | { id: number; what: "abort"; attempt: number };

/** What it gets back. */
export type Answer = { id: number; value: unknown } | { id: number; error: PlainError };

/** An error as a message carries it. */
export type PlainError = Pick<LockError, "code" | "path" | "message" | "holder" | "hint"> & { isLockError: boolean };

export function plain(error: unknown): PlainError {
  const { name, code, path, message, holder, hint } = error as LockError;
  return { isLockError: name === "LockError", code, path, message, holder, hint };
}

export function thrown({ isLockError, code, path, message, holder, hint }: PlainError): Error {
  if (!isLockError) return new Error(message);
  return new LockError(code, path, message, { ...(holder && { holder }), ...(hint && { hint }) });
}

/** Returns what a lock's message carries. */
export const factsIn = ({ directory, path, pid, identity, replaced, warnings }: LockFacts): LockFacts => ({
  directory, path, pid, identity, replaced, warnings,
});
