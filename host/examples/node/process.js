// lockhost:lockfile/process: what the component asks about processes, answered with what Node.js has. wit/lockfile.wit
// says what each answer means. Linux only.
import { readFileSync, statSync } from "node:fs";
import { pid as me, kill } from "node:process";

/** What is there, or undefined. */
const shown = (look) => {
  try {
    return look();
  } catch {
    return undefined;
  }
};
const read = (path) => shown(() => readFileSync(path, "utf8"));
const namespace = (kind) => shown(() => statSync(`/proc/self/ns/${kind}`).ino);

/** The state, the number of threads and the start of a process; its name, in parentheses, may hold anything. */
const entry = (pid) => {
  const fields = read(`/proc/${pid}/stat`)?.replace(/^.*\) /s, "").split(" ");
  return fields && { state: fields[0], threads: Number(fields[17]), start: fields[19] };
};

/** What all processes have in common that this one can judge; `s` is its own start. Nothing without a /proc of ours. */
const facts = () => {
  const numbers = read("/proc/self/status")?.match(/^NSpid:\s*(.*)$/m)?.[1];
  if (numbers !== String(me)) return {};
  const b = read("/proc/sys/kernel/random/boot_id")?.replace(/[-\s]/g, "");
  return { s: entry(me)?.start, t: namespace("time") ?? 0, b, n: namespace("pid") };
};

const identity = (pid, { s, t, b, n }, attempt = 0) =>
  Object.entries({ p: pid, s, t, b, n, a: attempt || undefined })
    .filter(([, value]) => value !== undefined)
    .reduce((text, [tag, value]) => `${text}-${tag}${value}`, "1");

const FORMAT =
  /^1-p(?<p>\d+)(-s(?<s>\d+))?(-t(?<t>\d+))?(-b(?<b>[0-9a-f]+))?(-n(?<n>\d+))?(-e[0-9a-f]+)?(-a\d+)?$/;

/** Whether anything has this number, ours to signal or not. */
const exists = (pid) => {
  if (pid < 1 || pid > 0x7fffffff) return false;
  try {
    return kill(pid, 0);
  } catch (error) {
    return error.code !== "ESRCH";
  }
};

const alive = (val) => ({ tag: "alive", val });
const dead = (val) => ({ tag: "dead", val });
const unknown = (val) => ({ tag: "unknown", val });

const judge = (pid, start) => {
  if (!exists(pid)) return dead("no-process");
  const seen = facts().s && entry(pid);
  if (!seen) return alive("exists");
  if (start && seen.start !== start) return dead("reused");
  if (/[ZX]/i.test(seen.state) && seen.threads <= 1) return dead("zombie");
  if (pid === me) return alive(start ? "this-process" : "own-pid");
  return alive(start ? "running" : "exists");
};

const judgeMaker = (text) => {
  const { p, s, t, b, n } = text.match(FORMAT)?.groups ?? {};
  if (!b || !n) return unknown("unreadable");
  const here = facts();
  if (!here.b || !here.n) return unknown("no-answer");
  if (b !== here.b) return unknown("other-boot");
  if (n !== String(here.n)) return unknown("other-namespace");
  return judge(Number(p), t === String(here.t) ? s : undefined);
};

/** Whether the kernel keeps a file locked for somebody: proc(5) lists, by inode, the locks that Node.js cannot try. */
const isKept = (file) => {
  const kept = new RegExp(`FLOCK +ADVISORY +WRITE .*:${file.metadataHash().lower} `);
  return kept.test(read("/proc/locks"));
};

/** Node.js has no advisory locks, so there is none; the resource has to exist all the same. */
export class Evidence {}

export const current = (_directory, attempt) => ({
  pid: me,
  identity: identity(me, facts(), attempt),
  evidence: false,
  session: false,
});

// The identity of a process that keeps evidence says so, and this does not: its claim is then found by a listing.
export const identify = (pid) => {
  const here = facts();
  const start = exists(pid) && here.s && entry(pid)?.start;
  return start ? identity(pid, { ...here, s: start }) : undefined;
};

// Its mode is what the umask leaves.
export const guard = (_claim) => new Evidence();

export const processAlive = ({ tag, val }, file) => {
  const life =
    tag === "nobody" ? dead("nobody") : tag === "pid" ? judge(val) : judgeMaker(val);
  return life.tag === "dead" && isKept(file) ? alive("evidence") : life;
};
