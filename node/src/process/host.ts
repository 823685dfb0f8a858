// The interface `lockhost:lockfile/process`: what the component asks about processes.
import fs from "node:fs";
import process from "node:process";

import type { Descriptor } from "../filesystem";
import type { Liveness, Maker, Owner } from "../contract";
import { evidenceKind } from "./evidence";
import { entry, isPresent, myself } from "./facts";
import { write } from "./identity";
import { judge, judgeUnread } from "./judge";
import { shown } from "./shown";

const PRIVATE = 0o600;

/** What shows that a claim's maker lives. Here it is the open claim itself, which the component keeps. */
export class Evidence {}

/** Returns the process that asks. No kernel keeps evidence for it: Node.js has no call for that. */
export function current(_directory: Descriptor, attempt: number): Maker {
  try {
    return { pid: process.pid, identity: write(myself(), attempt), evidence: false, session: false };
  } catch (error) {
    throw `this process cannot be identified: ${(error as Error).message}`;
  }
}

/**
 * Returns the identity that a process gives its first claim in a directory, which spares a listing. A process that runs
 * another program than this one is most likely native, and promises evidence where it can.
 */
export function identify(pid: number, directory: Descriptor): string | undefined {
  return shown(() => {
    const me = myself();
    if (pid === me.pid) return write(me);
    const start = me.start !== undefined && isPresent(pid) ? entry(pid)?.start : undefined;
    if (start === undefined) return undefined;
    const program = (whose: number | "self") => shown(() => fs.readlinkSync(`/proc/${whose}/exe`));
    const evidence = program(pid) === program("self") ? undefined : evidenceKind(directory.base);
    return write({ ...me, pid, start, evidence });
  });
}

/** Makes a new claim private to its user. */
export function guard(claim: Descriptor): Evidence {
  const seen = fs.fstatSync(claim.fd);
  if (seen.nlink === 0) throw { tag: "probed" };
  if (!seen.isFile() || seen.size > 0 || seen.nlink > 1) {
    throw { tag: "refused", val: "only a file that was just made is guarded: it has content or further names" };
  }
  // Some file systems have no modes to set.
  if ((seen.mode & 0o7777) !== PRIVATE) shown(() => fs.fchmodSync(claim.fd, PRIVATE));
  return new Evidence();
}

/** Returns whether the owner of a file is alive. */
export function processAlive(owner: Owner, file: Descriptor): Liveness {
  try {
    const kind = fs.fstatSync(file.fd);
    if (kind.isDirectory()) return judgeUnread(owner);
    if (kind.isFile()) return judge(owner, file.fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
  return { tag: "unknown", val: "no-answer" };
}
