// Verdicts about owners: what may live is never dead. docs/protocol.md has the table.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import test from "node:test";

import { acquire, inspect } from "lockhost";

import {
  DEAD, directory, fixture, identity, leave, NAME, native, node, onLinux, owns, program, start,
} from "./support.mjs";

/** Returns the verdict about what is left in a directory. */
async function verdict(t, fill) {
  const dir = directory(t);
  await fill(dir);
  const { state, holder } = await inspect(dir);
  return `${state}: ${holder.liveness} ${holder.reason}`;
}

/** The facts of a living process that is not this one. */
async function neighbour(t) {
  const dir = directory(t);
  const owner = await owns(node(t, "hold.mjs", dir));
  const { holder } = await inspect(dir);
  return { owner, facts: Object.fromEntries(holder.identity.split("-").slice(1).map((part) => [part[0], part.slice(1)])) };
}

test("an owner that may live is not dead", onLinux, async (t) => {
  const { facts } = await neighbour(t);
  for (const [changed, expected] of [
    [{}, "held: alive running"],
    [{ t: "1" }, "held: alive exists"],
    [{ s: undefined }, "held: alive exists"],
    [{ b: "0".repeat(32) }, "unknown: unknown other-boot"],
    [{ n: "1" }, "unknown: unknown other-namespace"],
    [{ n: undefined }, "unknown: unknown unreadable"],
    [{ b: undefined }, "unknown: unknown unreadable"],
  ]) {
    const owner = await identity({ ...facts, ...changed });
    assert.equal(await verdict(t, (dir) => leave(dir, owner)), expected, owner);
  }
  const withSession = `2-p1-x${"0".repeat(26)}-d10000`;
  const claim = (dir) => {
    fs.writeFileSync(path.join(dir, `${NAME}.${withSession}`), "1\n");
    fs.linkSync(path.join(dir, `${NAME}.${withSession}`), path.join(dir, NAME));
  };
  assert.equal(await verdict(t, claim), "unknown: unknown no-coordinator");
  for (const unreadable of ["2-p1", "1-q1", `1-p${2 ** 33}`, "1-p1-s99999999999999999999", "1-p1-b0-s7"]) {
    const fill = (dir) => {
      fs.writeFileSync(path.join(dir, `${NAME}.${unreadable}`), "1\n");
      fs.linkSync(path.join(dir, `${NAME}.${unreadable}`), path.join(dir, NAME));
    };
    assert.equal(await verdict(t, fill), "unknown: unknown unreadable", unreadable);
  }
});

test("an owner that is certainly dead is dead", onLinux, async (t) => {
  const { facts } = await neighbour(t);
  for (const [changed, expected] of [
    [{ p: DEAD }, "stale: dead no-process"],
    [{ s: "1" }, "stale: dead reused"],
    [{ p: DEAD, e: "ef53" }, "stale: dead no-process"],
    [{ p: process.pid, s: "1" }, "stale: dead reused"],
  ]) {
    const owner = await identity({ ...facts, ...changed });
    assert.equal(await verdict(t, (dir) => leave(dir, owner)), expected, owner);
  }
});

test("a claim of this process that it does not have open is dead", onLinux, async (t) => {
  const me = await identity();
  assert.equal(await verdict(t, (dir) => leave(dir, me)), "stale: dead evidence-gone");
});

test("a file with a pid is judged by the pid alone", onLinux, async (t) => {
  const write = (text) => (dir) => fs.writeFileSync(path.join(dir, NAME), text);
  assert.equal(await verdict(t, write(`${process.ppid}\n`)), "held: alive exists");
  assert.equal(await verdict(t, write(`${process.pid}\n`)), "held: alive own-pid");
  assert.equal(await verdict(t, write(`${DEAD}\n`)), "stale: dead no-process");
  assert.equal(await verdict(t, write("0\n")), "malformed: dead nobody");
  const thread = fs.readdirSync(`/proc/${process.pid}/task`).find((id) => id !== String(process.pid));
  assert.equal(await verdict(t, write(`${thread}\n`)), "stale: dead thread");
});

test("a zombie is dead", onLinux, async (t) => {
  // A shell that has a child becomes a program that never waits for one.
  const shell = start(t, "sh", ["-c", "sleep 60 & echo $!; exec cat"]);
  const pid = Number(await shell.line());
  shell.send("cat runs");
  assert.equal(await shell.line(), "cat runs");
  process.kill(pid, "SIGKILL");
  const isZombie = () => / Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "latin1"));
  while (!isZombie()) await new Promise((resolve) => setImmediate(resolve));
  const write = (dir) => fs.writeFileSync(path.join(dir, NAME), `${pid}\n`);
  assert.equal(await verdict(t, write), "stale: dead zombie");
});

test("a file that a process keeps locked is not dead", { ...native, ...onLinux }, async (t) => {
  const dir = directory(t);
  leave(dir, await identity({ p: DEAD }));
  // flock(1) locks the file for as long as the command runs.
  const keeper = start(t, "flock", [path.join(dir, NAME), "sh", "-c", "echo locked; exec cat"]);
  assert.equal(await keeper.line(), "locked");
  const refused = await acquire(dir).catch((error) => error);
  assert.equal(refused.holder.reason, "evidence");
  assert.match(refused.message, /: the kernel keeps it locked$/);
  await keeper.kill();
});

test("a shared lock on a file keeps it for no process", onLinux, async (t) => {
  const dir = directory(t);
  leave(dir, await identity({ p: DEAD }));
  const reader = start(t, "flock", ["--shared", path.join(dir, NAME), "sh", "-c", "echo locked; exec cat"]);
  assert.equal(await reader.line(), "locked");
  await (await acquire(dir)).release();
});

test("a command that outlives its lockhost keeps the lock", { ...native, ...onLinux }, async (t) => {
  const dir = directory(t);
  const owner = start(t, program, ["acquire", dir, "--", "sh", "-c", "trap '' TERM; echo $$; exec sleep 60"]);
  const command = Number(await owner.line());
  t.after(() => process.kill(command, "SIGKILL"));
  await owner.kill();
  assert.equal((await inspect(dir)).holder.reason, "evidence");
  await assert.rejects(acquire(dir), { code: "ELOCKED" });
});

/** Runs a command in a PID namespace of its own, with its own proc(5); `undefined` where that is not allowed. */
function namespaced(script, ...args) {
  const unshare = ["--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh", ...args];
  return spawnSync("unshare", unshare, { encoding: "utf8" });
}
const mayUnshare = process.platform === "linux" && namespaced("true").status === 0;
const inNamespace = mayUnshare ? {} : { skip: "no PID namespace can be made" };

test("in a container a killed owner is taken over", { ...native, ...inNamespace }, (t) => {
  const dir = directory(t);
  const script = `"$1" acquire "$3" -- sh -c 'kill -9 $PPID'; exec "$2" "$4" "$3" < /dev/null`;
  const { stdout } = namespaced(script, program, process.execPath, dir, fixture("hold.mjs"));
  assert.match(stdout, /^acquired /);
});

test("in a container a command that outlives its owner keeps it", { ...native, ...inNamespace }, (t) => {
  const dir = directory(t);
  const killed = `"$1" acquire "$3" -- sh -c 'trap "" TERM; kill -9 $PPID; exec sleep 60' & wait`;
  const script = `${killed}; exec "$2" "$4" "$3" < /dev/null`;
  const { stdout } = namespaced(script, program, process.execPath, dir, fixture("hold.mjs"));
  assert.match(stdout, /^ELOCKED .* the kernel keeps it locked$/m);
});

test("where processes are hidden a dead native owner is unknown", { ...native, ...inNamespace }, (t) => {
  const dir = directory(t);
  const killed = `mount -o remount,hidepid=2 /proc && "$1" acquire "$3" -- sh -c 'kill -9 $PPID'`;
  const script = `${killed}; exec "$2" "$4" "$3" < /dev/null`;
  const { stdout } = namespaced(script, program, process.execPath, dir, fixture("hold.mjs"));
  assert.match(stdout, /^ELOCKED .*; liveness unknown$/m);
});

test("an owner in a container is unknown from outside", { ...inNamespace }, async (t) => {
  const dir = directory(t);
  const args = ["--pid", "--fork", "--mount-proc", "--kill-child", process.execPath, fixture("hold.mjs"), dir];
  const owner = await owns(start(t, "unshare", args));
  const refused = await acquire(dir).catch((error) => error);
  assert.equal(refused.code, "ELOCKED");
  assert.equal(refused.holder.reason, "other-namespace");
  await owner.kill();
});

test("an inspection touches nothing", async (t) => {
  const dir = directory(t);
  leave(dir, await identity({ p: DEAD }));
  const before = fs.readdirSync(dir).map((file) => [file, fs.statSync(path.join(dir, file), { bigint: true }).ctimeNs]);
  await inspect(dir);
  const after = fs.readdirSync(dir).map((file) => [file, fs.statSync(path.join(dir, file), { bigint: true }).ctimeNs]);
  assert.deepEqual(after, before);
});

test("an inspection reports reclaim locks", async (t) => {
  const dir = directory(t);
  leave(dir, await identity({ p: DEAD }), [NAME, `${NAME}.reclaim`]);
  const { holder, reclaiming } = await inspect(dir);
  assert.equal(holder.file, path.join(dir, NAME));
  assert.deepEqual(reclaiming.map((it) => it.file), [path.join(dir, `${NAME}.reclaim`)]);
});

test("an inspection of nothing is an error or free", async (t) => {
  const dir = directory(t);
  assert.deepEqual(await inspect(dir), { state: "free", holder: undefined, reclaiming: [] });
  await assert.rejects(inspect(path.join(dir, "missing")), { code: "ENOENT" });
  await assert.rejects(inspect(dir, { name: "none" }), { code: "EBADNAME" });
});

test("the list of file systems is that of the native host", () => {
  const numbers = (file) => {
    const source = fs.readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    const list = /(?:SINGLE_KERNEL|LIST)[^=]*= \[([^\]]*)\]/.exec(source)[1];
    return [...list.matchAll(/0x([0-9a-f_]+)/g)].map(([, digits]) => digits.replaceAll("_", "")).sort();
  };
  const ours = numbers("node/src/process/evidence.ts");
  assert.equal(ours.length, 9);
  assert.deepEqual(ours, numbers("host/src/sys/single_kernel.rs"));
});
