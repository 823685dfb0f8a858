// Releasing, and losing: what proper-lockfile's suite asks of `unlock` and `onCompromised`, and more.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import test from "node:test";

import { acquire, inspect, LockError } from "lockhost";

import { atCall, directory, failure, NAME, node, owns, start, stayAlive, fixture } from "./support.mjs";

test("a release removes each file", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
  assert.equal((await inspect(dir)).state, "free");
});

test("a second release is an error", async (t) => {
  const lock = await acquire(directory(t));
  await lock.release();
  await assert.rejects(lock.release(), { name: "LockError", code: "ERELEASED" });
  await assert.rejects(lock.stillHeld(), { code: "ERELEASED" });
  assert.throws(() => lock.onLost(() => {}), { code: "ERELEASED" });
});

test("two releases at once release once", async (t) => {
  const lock = await acquire(directory(t));
  const settled = await Promise.allSettled([lock.release(), lock.release()]);
  assert.deepEqual(settled.map((it) => it.status), ["fulfilled", "rejected"]);
});

// The first versions of Node.js 20 lack the symbol.
const asyncDispose = Symbol.asyncDispose ?? Symbol.for("nodejs.asyncDispose");

test("disposal releases, and is no error after a release", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  await lock[asyncDispose]();
  assert.deepEqual(fs.readdirSync(dir), []);
  await lock[asyncDispose]();
});

test("a release does not touch a lock that came after", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  fs.unlinkSync(lock.path);
  const other = await owns(node(t, "hold.mjs", dir));
  assert.equal(await lock.stillHeld(), false);
  await assert.rejects(lock.release(), { code: "ELOST" });
  assert.equal((await inspect(dir)).holder.pid, other.child.pid);
  assert.equal(fs.readdirSync(dir).length, 2);
});

test("a lock file that was removed is lost at the release", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  fs.unlinkSync(lock.path);
  await assert.rejects(lock.release(), { code: "ELOST" });
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a release that cannot remove the file is an error", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  const original = fs.unlinkSync;
  t.after(() => (fs.unlinkSync = original));
  fs.unlinkSync = () => { throw failure("EROFS"); };
  await assert.rejects(lock.release(), { code: "EROFS" });
  fs.unlinkSync = original;
  // What stays belongs to a dead owner, for this process at once.
  await (await acquire(dir)).release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a loss is reported once", async (t) => {
  stayAlive(t);
  const dir = directory(t);
  const lock = await acquire(dir);
  const reports = [];
  const lost = new Promise((resolve) => lock.onLost((error) => { reports.push(error); resolve(); }));
  const removed = lock.onLost(() => reports.push("a listener that was removed"));
  removed();
  fs.unlinkSync(lock.path);
  await lost;
  assert(reports[0] instanceof LockError);
  assert.equal(reports[0].code, "ELOST");
  assert.equal(reports[0].path, lock.path);
  const late = new Promise((resolve) => lock.onLost(resolve));
  assert.equal(await late, reports[0]);
  assert.equal(reports.length, 1);
  await assert.rejects(lock.release(), { code: "ELOST" });
});

test("a replaced lock file is a loss", async (t) => {
  stayAlive(t);
  const dir = directory(t);
  const lock = await acquire(dir);
  const lost = new Promise((resolve) => lock.onLost(resolve));
  const other = path.join(dir, "other");
  fs.writeFileSync(other, `${process.pid}\n`);
  fs.renameSync(other, lock.path);
  assert.equal((await lost).code, "ELOST");
  await assert.rejects(lock.release(), { code: "ELOST" });
  assert.deepEqual(fs.readdirSync(dir), [NAME]);
});

test("a listener for a loss can acquire anew", async (t) => {
  stayAlive(t);
  const dir = directory(t);
  const lost = await acquire(dir);
  const next = new Promise((resolve, reject) => lost.onLost(() => acquire(dir).then(resolve, reject)));
  fs.unlinkSync(lost.path);
  const lock = await next;
  await assert.rejects(lost.release(), { code: "ELOST" });
  assert(await lock.stillHeld());
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("the files of locks are refreshed each day until a release", async (t) => {
  const { setInterval: start, clearInterval: stop } = globalThis;
  t.after(() => Object.assign(globalThis, { setInterval: start, clearInterval: stop }));
  const timers = new Map();
  globalThis.setInterval = (work, after) => {
    const timer = start(() => {}, 1 << 30);
    timers.set(timer, { work, after });
    return timer;
  };
  globalThis.clearInterval = (timer) => { timers.delete(timer); stop(timer); };
  const dir = directory(t);
  const locks = [await acquire(dir), await acquire(dir, { name: "other.lock" })];
  // One timer for all locks.
  assert.deepEqual([...timers.values()].map((it) => it.after), [86_400_000]);
  const before = locks.map((it) => fs.statSync(it.path, { bigint: true }).mtimeNs);
  const calls = atCall(0, () => {}, "fchmodSync");
  for (const { work } of timers.values()) work();
  calls.restore();
  assert.equal(calls.calls, 2);
  assert.deepEqual(locks.map((it) => fs.statSync(it.path, { bigint: true }).mtimeNs), before);
  await locks[0].release();
  assert.equal(timers.size, 1);
  await locks[1].release();
  assert.equal(timers.size, 0);
});

test("a release is no loss", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  lock.onLost(() => assert.fail("it was released"));
  await lock.release();
  const next = await acquire(dir);
  await next.release();
});

test("a check that fails is no loss", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  const original = fs.lstatSync;
  t.after(() => (fs.lstatSync = original));
  fs.lstatSync = () => { throw failure("EIO"); };
  lock.onLost(() => assert.fail("it was not lost"));
  await assert.rejects(lock.stillHeld(), { code: "EIO" });
  fs.lstatSync = original;
  assert(await lock.stillHeld());
  await lock.release();
});

test("a lock whose directory is renamed is lost and released", { skip: process.platform !== "linux" }, async (t) => {
  stayAlive(t);
  const dir = directory(t);
  const moved = `${dir}.moved`;
  const lock = await acquire(dir);
  const lost = new Promise((resolve) => lock.onLost(resolve));
  fs.renameSync(dir, moved);
  t.after(() => fs.rmSync(moved, { recursive: true }));
  assert.equal((await lost).code, "ELOST");
  assert.equal(await lock.stillHeld(), false);
  fs.mkdirSync(dir);
  assert.equal(await lock.stillHeld(), false);
  const other = await acquire(dir);
  await other.release();
  await lock.release();
  assert.deepEqual(fs.readdirSync(moved), []);
});

test("a held lock does not keep the process running", async (t) => {
  const dir = directory(t);
  const child = node(t, "idle.mjs", dir);
  assert.equal(await child.line(), "acquired");
  assert.equal(await child.exit, 0);
  assert.equal((await inspect(dir)).state, "stale");
});

test("a lock without a reference is not collected", async (t) => {
  const dir = directory(t);
  const child = start(t, process.execPath, ["--expose-gc", fixture("collect.mjs"), dir]);
  assert.equal(await child.line(), "true");
  child.child.stdin.end();
  await once(child.child, "close");
});
