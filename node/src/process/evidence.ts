// What shows, beside its number, that a file's owner lives: a descriptor of this process, or the kernel's lock (flock(2))
// of another one. Node.js cannot lock a file, nor try whether it is locked. Linux shows both in proc(5).
import fs from "node:fs";
import process from "node:process";

import { listsOurProcesses } from "./facts";
import { shown, text } from "./shown";

/** Whether a process keeps a file locked. */
export type Kept = "kept" | "free" | "unknown";

/** The file systems on which the native host keeps files locked: host/src/sys/single_kernel.rs has the list. */
const SINGLE_KERNEL = [
  0xef53n, 0x5846_5342n, 0x9123_683en, 0x0102_1994n, 0x8584_58f6n, 0x794c_7630n, 0xf2f5_2010n, 0xca45_1a4en,
  0x2fc1_2fc1n,
];

/** The number of the first PID namespace, fixed in the kernel: there proc(5) shows every lock. */
const FIRST_NAMESPACE = "pid:[4026531836]";

/** The options of a proc(5) that does not list each process. */
const HIDING = /\bhidepid=(?!0\b|off\b)|\bsubset=/;

/** How many descriptors of other processes are examined. */
const MOST = 20_000;

/** Returns the type of the file system of an open file, if the native host keeps evidence there. */
export function evidenceKind(path: string): bigint | undefined {
  if (process.platform !== "linux") return undefined;
  const kind = BigInt.asUintN(32, fs.statfsSync(path, { bigint: true }).type);
  return SINGLE_KERNEL.includes(kind) ? kind : undefined;
}

/** Returns whether a process keeps an open file locked for itself alone. */
export function kept(fd: number): Kept {
  if (process.platform !== "linux") return "unknown";
  try {
    return evidenceKind(`/proc/self/fd/${fd}`) === undefined ? "free" : keptOnLinux(fd);
  } catch {
    return "unknown";
  }
}

function keptOnLinux(fd: number): Kept {
  const wanted = placeOf(fd);
  const locks = text("/proc/locks");
  if (wanted === undefined || locks === undefined || !listsOurProcesses()) return "unknown";
  if (isLocked(locks, wanted)) return "kept";
  const namespace = shown(() => fs.readlinkSync("/proc/self/ns/pid"));
  return namespace === FIRST_NAMESPACE ? "free" : keptByAny(wanted);
}

/** Returns the file's place in the kernel, as the lists of locks name it: `major:minor:inode`. stat(2) may differ. */
function placeOf(fd: number): RegExp | undefined {
  const entry = text(`/proc/self/fdinfo/${fd}`) ?? "";
  // Linux before 5.14 does not show the inode here.
  const inode = /^ino:\s*(\d+)$/m.exec(entry)?.[1] ?? fs.fstatSync(fd, { bigint: true }).ino.toString();
  const mount = /^mnt_id:\s*(\d+)$/m.exec(entry)?.[1];
  const mounts = (text("/proc/self/mountinfo") ?? "").split("\n").map((line) => line.split(" "));
  const device = mounts.find(([id]) => id === mount)?.[2];
  const [major, minor] = device?.split(":").map((part) => Number(part).toString(16).padStart(2, "0")) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  return new RegExp(`FLOCK +ADVISORY +WRITE +\\d+ +${major}:${minor}:${inode} `);
}

// A line with an arrow is of a process that waits for the lock.
const isLocked = (locks: string, wanted: RegExp) =>
  locks.split("\n").some((line) => wanted.test(line) && !line.includes("->"));

/**
 * Returns whether a process that this one sees has the file open under a lock. In a container `/proc/locks` leaves out a
 * lock whose taker has ended, although a child of the taker may keep it. A process may start another one meanwhile, so
 * the list is read again until it has no process that was not examined.
 */
function keptByAny(wanted: RegExp): Kept {
  const mounts = (text("/proc/self/mountinfo") ?? "").split("\n").filter((line) => line.split(" ")[4] === "/proc");
  if (mounts.length === 0 || mounts.some((line) => HIDING.test(line))) return "unknown";
  const examined = new Set<string>();
  let left = MOST;
  for (;;) {
    const all = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    const others = all.filter((pid) => !examined.has(pid));
    if (others.length === 0) return "free";
    for (const pid of others) {
      examined.add(pid);
      const entries = entriesOf(pid);
      left -= entries?.length ?? left;
      if (entries === undefined || left <= 0) return "unknown";
      if (entries.some((entry) => isLocked(entry, wanted))) return "kept";
    }
  }
}

/** Returns what proc(5) shows of the descriptors of a process; `undefined` if this process may not read it. */
function entriesOf(pid: string): string[] | undefined {
  const folder = `/proc/${pid}/fdinfo`;
  try {
    return fs.readdirSync(folder).map((fd) => {
      try {
        return fs.readFileSync(`${folder}/${fd}`, "latin1");
      } catch (error) {
        if (isGone(error)) return "";
        throw error;
      }
    });
  } catch (error) {
    return isGone(error) ? [] : undefined;
  }
}

const isGone = (error: unknown) => ["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "");

/**
 * Returns whether this process has a file open for reading and writing, as it has each claim of its own, in whatever
 * thread. A question opens files only for reading. Where the system does not show it, the answer is `true`.
 */
export function isOpenHere(fd: number): boolean {
  if (process.platform !== "linux") return true;
  const wanted = fs.fstatSync(fd, { bigint: true });
  const inode = (entry: string) => /^ino:\s*(\d+)$/m.exec(entry)?.[1];
  const own = text(`/proc/self/fdinfo/${fd}`);
  const descriptors = shown(() => fs.readdirSync("/proc/self/fdinfo"));
  if (own === undefined || descriptors === undefined) return true;
  return descriptors.some((name) => {
    // This touches no file system: one of the files may lie on a mount whose server is gone.
    const entry = text(`/proc/self/fdinfo/${name}`) ?? "";
    const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(entry)?.[1] ?? "0", 8);
    if ((flags & 0o3) !== fs.constants.O_RDWR || inode(entry) !== inode(own)) return false;
    const file = shown(() => fs.fstatSync(Number(name), { bigint: true }));
    return file?.dev === wanted.dev && file.ino === wanted.ino;
  });
}
