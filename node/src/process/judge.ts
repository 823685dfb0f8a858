// The judgement whether an owner is dead, by the table *Verdicts* of docs/protocol.md. Every `dead` is certain.
import process from "node:process";

import type { Liveness, Owner } from "../contract";
import type { DeadReason, UnknownReason } from "../reasons";
import { isOpenHere, kept } from "./evidence";
import { entry, isPresent, isThread, listsOurProcesses, myself } from "./facts";
import { hasSession, type Identity, read, sharesPids, sharesTicks } from "./identity";

/** The file in question. `undefined`: it may not be opened, and only its directory is at hand. */
type Asked = number | undefined;

const alive = (val: Extract<Liveness, { tag: "alive" }>["val"]): Liveness => ({ tag: "alive", val });
const dead = (val: DeadReason): Liveness => ({ tag: "dead", val });
const unknown = (val: UnknownReason): Liveness => ({ tag: "unknown", val });

/** Judges the owner of an open file. */
export function judge(owner: Owner, file: number): Liveness {
  switch (owner.tag) {
    case "nobody":
      return unlessVetoed(file, "nobody");
    case "pid":
      return judgeNumber(owner.val, file);
    case "maker":
      return judgeMaker(owner.val, file);
  }
}

/** Judges the owner of a file that may not be opened, by processes alone. */
export const judgeUnread = (owner: Owner): Liveness =>
  owner.tag === "maker" ? judgeMaker(owner.val, undefined) : unknown("no-answer");

function judgeNumber(pid: number, file: Asked): Liveness {
  const own = pid === process.pid;
  const reason = own ? undefined : deathOf(pid);
  if (reason !== undefined) return unlessVetoed(file, reason);
  if (isKept(file)) return alive("evidence");
  if (own) return alive(file !== undefined && isOpenHere(file) ? "this-process" : "own-pid");
  return alive("exists");
}

/** Returns why no process with this number can be alive, if that is certain. */
function deathOf(pid: number): DeadReason | undefined {
  if (!isPresent(pid)) return "no-process";
  if (!listsOurProcesses()) return undefined;
  const seen = entry(pid);
  // Hidden, or gone since: only the second is death.
  if (seen === undefined) return isPresent(pid) ? undefined : "no-process";
  if (isThread(pid)) return "thread";
  return seen.ended && seen.threads <= 1 ? "zombie" : undefined;
}

function judgeMaker(text: string, file: Asked): Liveness {
  const maker = read(text);
  // The end of its process is not the death of an owner with a session.
  if (maker === undefined) return unlessAlive(file, hasSession(text) ? "no-coordinator" : "unreadable");
  const me = myself();
  if (!sharesPids(maker, me)) return judgeForeigner(maker, me, file);
  if (maker.pid === me.pid && sharesTicks(maker, me)) {
    return maker.start === me.start ? judgeMyself(maker, file) : unlessVetoed(file, "reused", maker);
  }
  return judgeNeighbour(maker, me, file);
}

/**
 * Judges a claim of this very process. It has the claim open for as long as an attempt or a lock uses it. So a claim that
 * is not open is one of which an instance of the component lost track (a trap), or a thread that was ended.
 */
function judgeMyself(maker: Identity, file: Asked): Liveness {
  const open = file === undefined || isOpenHere(file);
  return open ? alive("this-process") : unlessVetoed(file, "evidence-gone", maker);
}

/** Judges a process whose number has the same meaning here. */
function judgeNeighbour(maker: Identity, me: Identity, file: Asked): Liveness {
  if (!isPresent(maker.pid)) return unlessVetoed(file, "no-process", maker);
  // A list that has no start of ours proves nothing about others.
  const seen = me.start === undefined ? undefined : entry(maker.pid);
  if (seen === undefined) return judgeNumber(maker.pid, file);
  const comparable = sharesTicks(maker, me) && seen.start !== undefined;
  if (comparable && seen.start !== maker.start) return unlessVetoed(file, "reused", maker);
  if (seen.ended && seen.threads <= 1) return unlessVetoed(file, "zombie", maker);
  return comparable ? alive("running") : judgeNumber(maker.pid, file);
}

/** Judges a process of another boot, machine or PID namespace. Its evidence cannot be tried, so no death is certain. */
function judgeForeigner(maker: Identity, me: Identity, file: Asked): Liveness {
  if (isKept(file)) return alive("evidence");
  if (maker.boot === undefined || maker.namespace === undefined) return unknown("unreadable");
  if (me.boot === undefined || me.namespace === undefined) return unknown("no-answer");
  return unknown(maker.boot === me.boot ? "other-namespace" : "other-boot");
}

/**
 * Returns `dead`, except if a process keeps the file locked, or if that cannot be known. A maker whose claim promises no
 * evidence has locked nothing.
 */
function unlessVetoed(file: Asked, reason: DeadReason, maker?: Identity): Liveness {
  const veto = file === undefined ? "free" : kept(file);
  if (veto === "kept") return alive("evidence");
  const locksNothing = maker !== undefined && maker.evidence === undefined;
  return veto === "free" || locksNothing ? dead(reason) : unknown("no-answer");
}

const unlessAlive = (file: Asked, reason: UnknownReason) => (isKept(file) ? alive("evidence") : unknown(reason));

const isKept = (file: Asked) => file !== undefined && kept(file) === "kept";
