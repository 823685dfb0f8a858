// Threads of one process: each has its own instances of the component.
import assert from "node:assert/strict";
import { once } from "node:events";
import fs from "node:fs";
import process from "node:process";
import test from "node:test";
import { Worker } from "node:worker_threads";

import { acquire, inspect } from "lockhost";

import { directory, fixture, onLinux } from "./support.mjs";

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
