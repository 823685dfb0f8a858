// Threads of one process: each has its own instances of the component.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import process from "node:process";
import test from "node:test";
import { Worker } from "node:worker_threads";

import { acquire, inspect, Lock, LockError } from "lockhost";

import { directory, fixture, NAME, native, nativeHolder, node, onLinux, owns, stayAlive } from "./support.mjs";

/** Starts a thread that acquires at a message. */
function thread(t, dir) {
  const worker = new Worker(fixture("worker.mjs"), { workerData: dir });
  t.after(() => worker.terminate());
  return {
    worker,
    ask: async (what) => {
      worker.postMessage(what);
      return (await once(worker, "message"))[0];
    },
  };
}

test("threads exclude each other and name this process", onLinux, async (t) => {
  const dir = directory(t);
  const [one, other] = [thread(t, dir), thread(t, dir)];
  assert.equal(await one.ask("acquire"), "acquired");
  assert.equal(await other.ask("acquire"), `ELOCKED ${process.pid} this-process`);
  await assert.rejects(acquire(dir), { code: "ELOCKED" });
  assert.equal(await one.ask("release"), "released");
  assert.equal(await other.ask("acquire"), "acquired");
  assert.equal(await other.ask("release"), "released");
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("of many threads at once one gets in", async (t) => {
  const dir = directory(t);
  const threads = Array.from({ length: 6 }, () => thread(t, dir));
  const answers = await Promise.all(threads.map((it) => it.ask("acquire")));
  assert.equal(answers.filter((it) => it === "acquired").length, 1, String(answers));
  assert.equal(answers.filter((it) => it.startsWith("ELOCKED")).length, 5, String(answers));
});

test("a lock of a thread that was ended is taken over", onLinux, async (t) => {
  const dir = directory(t);
  const one = thread(t, dir);
  assert.equal(await one.ask("acquire"), "acquired");
  await one.worker.terminate();
  assert.equal((await inspect(dir)).holder.reason, "evidence-gone");
  const lock = await acquire(dir);
  assert.equal(lock.replaced[0].reason, "evidence-gone");
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a thread waits for another one", async (t) => {
  const dir = directory(t);
  const one = thread(t, dir);
  assert.equal(await one.ask("acquire"), "acquired");
  const waiting = acquire(dir, { wait: true });
  assert.equal(await one.ask("release"), "released");
  await (await waiting).release();
});

const inThread = { thread: true };

test("a lock in a thread of the package is as any other", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir, inThread);
  assert(lock instanceof Lock);
  assert.equal(lock.pid, process.pid);
  assert.deepEqual(fs.readdirSync(dir).sort(), [NAME, `${NAME}.${lock.identity}`]);
  const refused = await acquire(dir, inThread).catch((error) => error);
  assert(refused instanceof LockError);
  assert.equal(refused.code, "ELOCKED");
  assert.equal(refused.holder.identity, lock.identity);
  assert(refused.holder.since instanceof Date);
  assert.equal((await inspect(dir, inThread)).state, "held");
  assert(await lock.stillHeld());
  await lock.release();
  await assert.rejects(lock.release(), { code: "ERELEASED" });
  assert.deepEqual(fs.readdirSync(dir), []);
  await assert.rejects(acquire(`${dir}/missing`, inThread), { code: "ENOENT" });
  await assert.rejects(acquire(dir, { ...inThread, name: "x" }), { code: "EBADNAME" });
});

test("a lock in a thread of the package reports its loss", async (t) => {
  stayAlive(t);
  const dir = directory(t);
  const lock = await acquire(dir, inThread);
  const lost = new Promise((resolve) => lock.onLost(resolve));
  fs.unlinkSync(lock.path);
  assert.equal((await lost).code, "ELOST");
  await assert.rejects(lock.release(), { code: "ELOST" });
});

test("a signal ends a wait in a thread of the package", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = acquire(dir, { ...inThread, wait: true, signal: controller.signal });
  await inspect(dir, inThread);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  const next = acquire(dir, { ...inThread, wait: true });
  await lock.release();
  await (await next).release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a thread of the package does not keep the process running", async (t) => {
  const dir = directory(t);
  const child = node(t, "idle.mjs", dir, JSON.stringify(inThread));
  assert.equal(await child.line(), "acquired");
  assert.equal(await child.exit, 0);
  assert.equal((await inspect(dir)).state, "stale");
});

test("the event loop runs during a search in a large directory", async (t) => {
  const dir = directory(t);
  for (let entry = 0; entry < 20_000; entry += 1) fs.writeFileSync(`${dir}/entry-${entry}`, "");
  fs.writeFileSync(`${dir}/${NAME}`, `${process.ppid}\n`);
  await inspect(directory(t), inThread);
  let turns = 0;
  let done = false;
  const turn = () => {
    turns += 1;
    if (!done) setImmediate(turn);
  };
  turn();
  const { holder } = await inspect(dir, inThread);
  done = true;
  assert.equal(holder.pid, process.ppid);
  t.diagnostic(`${turns} turns of the event loop`);
  assert(turns > 200);
});

test("the end of the thread of the package frees its locks", { ...native, ...onLinux }, async (t) => {
  const dir = directory(t);
  const child = node(t, "end-of-thread.mjs", dir);
  assert.equal(await child.line(), "ELOST false", child.errors);
  // The process that held it still runs.
  await owns(nativeHolder(t, dir));
  assert.equal(child.child.exitCode, null);
});
