// The errors of this package: why there is no lock, or what became of one.
import type { Holder } from "./holder";

/**
 * What a program matches on.
 *
 * | code | meaning |
 * | --- | --- |
 * | `ELOCKED` | a process that lives, or may, has the lock: `holder` names it |
 * | `ECONTENDED` | other processes came in between too often: try again |
 * | `ENOTALOCK` | a file that is no lock file stands in its place |
 * | `ETOODEEP` | too many reclaims have crashed inside each other |
 * | `ELOST` | the lock file was removed or replaced: another process may have the directory |
 * | `ERELEASED` | the lock was released before |
 * | `EBADNAME` | the name is not valid for a lock |
 * | `EHOST` | this process could not be identified, or its claim not be guarded |
 * | `ETRAP` | the component ended without an answer; the directory is free again, if that was possible |
 * | `ENOENT`, `EACCES`, … | an operation failed, with the system's own code |
 */
export type LockErrorCode =
  | "ELOCKED"
  | "ECONTENDED"
  | "ENOTALOCK"
  | "ETOODEEP"
  | "ELOST"
  | "ERELEASED"
  | "EBADNAME"
  | "EHOST"
  | "ETRAP"
  | (string & {});

interface More {
  holder?: Holder;
  hint?: string;
  cause?: unknown;
}

/** Why there is no lock, or why it was not released in full. */
export class LockError extends Error {
  override readonly name = "LockError";
  /** What a program matches on. */
  readonly code: LockErrorCode;
  /** The path of the file or directory that it is about. */
  readonly path: string;
  /** The process that has the lock; only with `ELOCKED`. */
  readonly holder: Holder | undefined;
  /** A way out, for a person. */
  readonly hint: string | undefined;

  /** @internal */
  constructor(code: LockErrorCode, file: string, message: string, more: More = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.path = file;
    this.holder = more.holder;
    this.hint = more.hint;
  }
}
