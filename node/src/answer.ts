// What the component answers, as errors of this package.
import path from "node:path";

import { Trap } from "./instance";
import type { Failure, NotALock, WireError } from "./contract";
import { LockError } from "./error";
import { errno } from "./filesystem";
import { type Holder, holderOf, refusal } from "./holder";

/** Returns whether other processes are the reason, so that waiting may help. */
export const isRefusal = (error: unknown): error is LockError =>
  error instanceof LockError && (error.code === "ELOCKED" || error.code === "ECONTENDED");

/** Returns what the component answered, if an exception carries that. */
export function answer(error: unknown): WireError | undefined {
  const { payload } = error as { payload?: WireError };
  return payload;
}

/** Converts what an instance throws into an error of this package. */
export function lockError(directory: string, error: unknown): unknown {
  if (error instanceof Trap) {
    return new LockError("ETRAP", directory, `cannot lock ${directory}: ${error.message}`, { cause: error });
  }
  const answered = answer(error);
  if (answered !== undefined) return answeredError(directory, answered);
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error;
  const hint = code === "ENOENT" ? { hint: "create the directory first: the lock is a file in it" } : {};
  return new LockError(code, directory, `cannot open directory ${directory}: ${code}`, { cause: error, ...hint });
}

function answeredError(directory: string, { file, cause }: WireError): LockError {
  const at = path.join(directory, file);
  switch (cause.tag) {
    case "held": {
      const holder = holderOf(directory, file, cause.val.holder);
      return new LockError("ELOCKED", at, refusal(holder, cause.val.occupation), { holder, hint: hintFor(directory, holder) });
    }
    case "again":
    case "contended":
      return new LockError("ECONTENDED", at, `cannot lock ${at}: other processes came in between too often`, {
        hint: "try again, or wait for it: the option wait",
      });
    case "not-a-lock":
      return new LockError("ENOTALOCK", at, `cannot lock ${at}: it is ${found(cause.val)}, and no lock file`, {
        hint: "move it away, or choose another lock name: the option name",
      });
    case "too-deep":
      return new LockError("ETOODEEP", at, `cannot lock ${at}: too many reclaims have crashed inside each other`, {
        hint: "remove these reclaim locks while no process starts on the directory",
      });
    case "bad-name":
      return new LockError("EBADNAME", at, `invalid lock name '${file}': expected a file name ending in .lock or .pid`);
    case "failed":
      return failedError(at, cause.val);
    case "lost":
      return lostError(at);
    case "host":
      return new LockError("EHOST", at, `cannot lock ${at}: ${cause.val}`);
    case "ended":
      return new LockError("ETRAP", at, `cannot lock ${at}: the attempt has ended before`);
  }
}

/** An operation of the component failed. */
export function failedError(at: string, { operation, code }: Failure): LockError {
  const name = errno(code);
  return new LockError(name, at, `cannot ${operation} ${at}: ${code === "io" ? name : code.replaceAll("-", " ")}`);
}

/** The lock is not this process' own any more. */
export const lostError = (at: string): LockError =>
  new LockError("ELOST", at, `the lock ${at} was lost: its file or its directory was removed or replaced`, {
    hint: "check the data: another process may have used the directory meanwhile",
  });

const found = (it: NotALock) => (it.tag === "kind" ? `a ${it.val.replaceAll("-", " ")}` : `${it.val} bytes long`);

const quoted = (text: string) => (/^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function hintFor(directory: string, holder: Holder): string {
  if (holder.reason === "this-process") return "release that lock first: a process holds a lock once";
  const doubtful = ["unknown", "dead"].includes(holder.liveness) || ["own-pid", "unguarded"].includes(holder.reason);
  if (!doubtful || holder.identity === undefined) return "try again once it has ended, or wait for it: the option wait";
  const name = path.basename(holder.file).replace(/(\.reclaim)+$/, "");
  const named = name === "tinyforge.lock" ? "" : ` --name=${quoted(name)}`;
  const command = `lockhost break${named} --owner=${holder.identity} ${quoted(directory)}`;
  return `if it is certainly dead: ${command}, or the option assumeDead with holder.identity`;
}
