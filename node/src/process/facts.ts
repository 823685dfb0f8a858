// Facts about this process and about others, from what Node.js can read of the system without an addon.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import process from "node:process";

import { bootId, type Identity } from "./identity";
import { shown, text } from "./shown";

/** A process in proc(5), by number. */
export interface Entry {
  readonly start: bigint | undefined;
  /** It has ended, and waits to be reaped. */
  readonly ended: boolean;
  /** A leader that ended before its threads still counts them. */
  readonly threads: number;
}

const LARGEST_PID = 0x7fff_ffff;

/** Returns whether a process or a thread has this number. In doubt the answer is `true`. */
export function isPresent(pid: number): boolean {
  if (pid < 1 || pid > LARGEST_PID) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Returns the entry of a number, if proc(5) shows it. */
export const entry = (pid: number) => entryAt(`/proc/${pid}/stat`);

// The command's name in the second field may contain any bytes, so the fields are counted from its end.
function entryAt(path: string): Entry | undefined {
  const stat = text(path);
  if (stat === undefined || !stat.includes(")")) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 1).trim().split(/\s+/);
  const [state, threads, start] = [fields[0], fields[17], fields[19]];
  if (!state || !/^\d+$/.test(threads ?? "") || !/^\d+$/.test(start ?? "")) return undefined;
  const ticks = BigInt(start!);
  return {
    // No process is as old as its kernel, so a kernel that shows 0 does not know.
    start: ticks === 0n ? undefined : ticks,
    ended: /^[ZXx]$/.test(state),
    threads: Number(threads),
  };
}

/** Returns whether a number is that of a thread, and not of a process. */
export function isThread(pid: number): boolean {
  const leader = /^Tgid:\s*(\d+)$/m.exec(text(`/proc/${pid}/status`) ?? "")?.[1];
  return leader !== undefined && leader !== String(pid);
}

/** Returns whether proc(5) lists the processes of our own PID namespace, so that its numbers mean the same to us. */
export function listsOurProcesses(): boolean {
  if (process.platform !== "linux") return false;
  const numbers = /^NSpid:\s*(.*)$/m.exec(text("/proc/self/status") ?? "")?.[1];
  return numbers?.trim() === String(process.pid);
}

let remembered: Identity | undefined;

/** Makes {@link myself} read the facts again. Each call of the component begins so, and its questions follow at once. */
export function forget(): void {
  remembered = undefined;
}

/** Returns the identity of this process, as it is in this call of the component. */
export function myself(): Identity {
  remembered ??= facts();
  return remembered;
}

/**
 * Returns the identity of this process, as it is now. As in the native host, each fact is read in two ways, and left out
 * if the two differ: an emulator or a sandbox may make up one of them.
 *
 * @throws if the system lacks the descriptors or memory to answer
 */
function facts(): Identity {
  const { pid } = process;
  if (process.platform === "darwin") {
    return { pid, boot: macBoot(), namespace: 0n };
  }
  if (process.platform !== "linux") return { pid };
  const start = agreed(entryAt("/proc/self/stat")?.start, entryAt(`/proc/self/task/${pid}/stat`)?.start);
  const namespace = namespaceOf("pid");
  const time = namespaceOf("time");
  const known = typeof namespace === "bigint";
  return {
    pid,
    start: listsOurProcesses() ? start : undefined,
    // Kernels before 5.6 have one time for all.
    time: time === "missing" && known ? 0n : typeof time === "bigint" ? time : undefined,
    boot: linuxBoot(),
    namespace: known ? namespace : undefined,
  };
}

const agreed = <T>(one: T | undefined, other: T | undefined) => (one === other ? one : undefined);

/** Returns the number of a namespace, `missing` if the kernel has none, and `undefined` if two ways to read it differ. */
function namespaceOf(kind: string): bigint | "missing" | undefined {
  const numberAt = (path: string) => {
    if (shown(() => fs.lstatSync(path)) === undefined) return "missing";
    const file = shown(() => fs.statSync(path, { bigint: true }));
    return file && `${file.dev}:${file.ino}`;
  };
  const found = agreed(numberAt(`/proc/self/ns/${kind}`), numberAt(`/proc/thread-self/ns/${kind}`));
  return found === undefined || found === "missing" ? found : BigInt(found.split(":")[1]!);
}

const BOOT = "/proc/sys/kernel/random/boot_id";

function linuxBoot(): string | undefined {
  const device = (path: string) => shown(() => fs.statSync(path, { bigint: true }).dev);
  const ofProc = agreed(device("/proc/self"), device(BOOT)) !== undefined;
  return ofProc || isMounted(BOOT) ? bootId(text(BOOT) ?? "") : undefined;
}

/** Returns whether a file itself was mounted, and not a directory above it: containers mount a boot id so. */
function isMounted(path: string): boolean {
  const mounts = text("/proc/self/mountinfo") ?? "";
  return mounts.split("\n").some((line) => line.split(" ")[4] === path);
}

// It stays the same for as long as any process runs.
let sessionOfMac: string | undefined;

function macBoot(): string | undefined {
  try {
    const read = () => execFileSync("/usr/sbin/sysctl", ["-n", "kern.bootsessionuuid"], { timeout: 5_000 });
    sessionOfMac ??= bootId(read().toString());
  } catch {
    // The fact is left out.
  }
  return sessionOfMac;
}
