// Identities of processes: names in format 1, as wit/lockfile.wit defines it.

/** What names a process for good. A fact that is missing equals no other fact. */
export interface Identity {
  readonly pid: number;
  /** Its start in the kernel's own ticks. */
  readonly start?: bigint | undefined;
  /** The time namespace of these ticks. */
  readonly time?: bigint | undefined;
  readonly boot?: string | undefined;
  readonly namespace?: bigint | undefined;
  /** The type of file system on which the process promises the kernel's evidence. */
  readonly evidence?: bigint | undefined;
}

const FORMAT =
  /^1-p(\d+)(?:-s(\d+))?(?:-t(\d+))?(?:-b([0-9a-z]+))?(?:-n(\d+))?(?:-e([0-9a-f]+))?(?:-a(\d+))?$/;
const LARGEST_PID = 0xffff_ffffn;
const LARGEST = 0xffff_ffff_ffff_ffffn;

/** Writes an identity. Attempt 0, the first of a process, carries no number. */
export function write(identity: Identity, attempt = 0): string {
  const facts: [string, bigint | number | string | undefined][] = [
    ["p", identity.pid],
    ["s", identity.start],
    ["t", identity.time],
    ["b", identity.boot],
    ["n", identity.namespace],
    ["e", identity.evidence?.toString(16)],
    ["a", attempt || undefined],
  ];
  const known = facts.filter(([, value]) => value !== undefined);
  return known.reduce((text, [tag, value]) => `${text}-${tag}${value}`, "1");
}

/** Reads an identity. Returns `undefined` for a text that is none, or of another format. */
export function read(text: string): Identity | undefined {
  const [, p, s, t, boot, n, e, a] = FORMAT.exec(text) ?? [];
  const number = (digits: string | undefined) => (digits === undefined ? undefined : BigInt(digits));
  const [pid, start, time, namespace, attempt] = [p, s, t, n, a].map(number);
  const evidence = e === undefined ? undefined : BigInt(`0x${e}`);
  const numbers = [start, time, namespace, evidence];
  if (pid === undefined || pid > LARGEST_PID || (attempt ?? 0n) > LARGEST_PID) return undefined;
  if (numbers.some((it) => it !== undefined && it > LARGEST)) return undefined;
  return { pid: Number(pid), start, time, boot, namespace, evidence };
}

/** Returns whether a text is the identity of an owner with a session at a coordinator: format 2. */
export const hasSession = (text: string): boolean => /^2-p\d+-(?:.*-)?x[0-9a-z]{26}-d\d+(?:-|$)/.test(text);

/** Reads a boot id as the system prints it. Returns `undefined` for a text that is none. */
export function bootId(uuid: string): string | undefined {
  const boot = uuid.trim().toLowerCase().replaceAll("-", "");
  return /^[0-9a-f]{32}$/.test(boot) ? boot : undefined;
}

const same = <T>(one: T | undefined, other: T | undefined) => one !== undefined && one === other;

/** Returns whether a pid means the same to both. */
export const sharesPids = (one: Identity, other: Identity) =>
  same(one.boot, other.boot) && same(one.namespace, other.namespace);

/** Returns whether the starts of both can be compared. */
export const sharesTicks = (one: Identity, other: Identity) =>
  one.start !== undefined && other.start !== undefined && same(one.time, other.time);
