// Node.js beside the native program, on one directory. LOCKHOST_ROUNDS sets how many rounds each race has.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import test from "node:test";

import { acquire, inspect } from "lockhost";

import {
  Contender, DEAD, directory, identity, leave, NAME, native, nativeHolder, node, owns, program, start,
} from "./support.mjs";

const HELD = 75;

test("Node.js refuses the native program", native, async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  const other = nativeHolder(t, dir);
  assert.equal(await other.exit, HELD);
  assert.match(other.errors, new RegExp(`is held by pid ${process.pid} `));
  await lock.release();
  await owns(nativeHolder(t, dir));
});

test("the native program refuses Node.js", native, async (t) => {
  const dir = directory(t);
  const owner = await owns(nativeHolder(t, dir));
  const refused = await acquire(dir).catch((error) => error);
  assert.equal(refused.code, "ELOCKED");
  assert.equal(refused.holder.pid, owner.child.pid);
  assert.equal(refused.holder.reason, "running");
  assert.equal(await owner.kill("SIGTERM"), 0);
  await (await acquire(dir, { wait: true })).release();
});

test("Node.js takes over from a killed native program", native, async (t) => {
  const dir = directory(t);
  const owner = await owns(nativeHolder(t, dir));
  await owner.kill();
  const lock = await acquire(dir);
  assert.deepEqual(lock.replaced.map((it) => it.pid), [owner.child.pid]);
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("the native program takes over from a killed Node.js", native, async (t) => {
  const dir = directory(t);
  const owner = await owns(node(t, "hold.mjs", dir));
  await owner.kill();
  const other = await owns(nativeHolder(t, dir));
  await other.kill("SIGTERM");
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a native waiter gets in after Node.js", native, async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  // This process is its ancestor, and would usually wait for it.
  const waiter = nativeHolder(t, dir, "--json", "--wait", "--wait-for-ancestor");
  const next = async () => JSON.parse(await waiter.line());
  const waiting = await next();
  assert.deepEqual([waiting.event, waiting.holder?.pid], ["waiting", process.pid]);
  await lock.release();
  assert.equal((await next()).event, "acquired");
});

test("a waiter in Node.js gets in after a killed native owner", native, async (t) => {
  const dir = directory(t);
  const owner = await owns(nativeHolder(t, dir));
  const waiting = acquire(dir, { wait: true });
  await inspect(dir);
  await owner.kill();
  await (await waiting).release();
});

const EACH = 8;
const ROUNDS = Number(process.env.LOCKHOST_ROUNDS ?? 5);

/** Returns a native program that tries once it reads a line, and then holds the lock. */
function linedUp(dir) {
  return new Contender("sh", ["-c", 'read -r _ && exec "$0" acquire "$1"', program, dir]);
}

/** Lets eight of each kind try at once, round by round. */
async function race(t, fill) {
  const nodes = Array.from({ length: EACH }, () => node(t, "race.mjs"));
  for (const it of nodes) assert.equal(await it.line(), "ready", it.errors);
  let won = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const dir = directory(t);
    await fill(dir);
    const natives = Array.from({ length: EACH }, () => linedUp(dir));
    // Native programs have to start first, so who goes ahead changes.
    const order = round % 2 ? [natives, nodes] : [nodes, natives];
    for (const it of order.flat()) it.send(natives.includes(it) ? "" : dir);
    const answers = await Promise.all([
      ...nodes.map((it) => it.line()),
      ...natives.map(async (it) => ((await it.line()) ? "acquired" : await it.exit)),
    ]);
    assert.equal(answers.filter((it) => it === "acquired").length, 1, String(answers));
    const refused = answers.filter((it) => it === HELD || it === "ELOCKED" || it === "ECONTENDED");
    assert.equal(refused.length, 2 * EACH - 1, String(answers));
    won += answers.slice(0, EACH).includes("acquired") ? 1 : 0;
    for (const it of nodes) it.send("");
    for (const it of nodes) assert.equal(await it.line(), "released");
    await Promise.all(natives.map((it) => it.kill("SIGTERM")));
    assert.deepEqual(fs.readdirSync(dir).filter((file) => !file.startsWith(`${NAME}.1-`)), []);
  }
  t.diagnostic(`${ROUNDS} rounds of ${EACH} and ${EACH}: one owner each, Node.js in ${won} of them`);
}

test("of eight and eight on a free directory one gets in", native, (t) => race(t, () => {}));

test("of eight and eight on a stale lock one gets in", native, (t) =>
  race(t, (dir) => fs.writeFileSync(path.join(dir, NAME), `${DEAD}\n`)));

test("of eight and eight on a crashed reclaim one gets in", native, (t) =>
  race(t, async (dir) => {
    leave(dir, await identity({ p: DEAD }), [NAME]);
    leave(dir, await identity({ p: DEAD - 1 }), [`${NAME}.reclaim`]);
  }));

test("under stress no two processes are inside at once", native, async (t) => {
  const dir = directory(t);
  const times = 2 * ROUNDS;
  const nodes = Array.from({ length: 4 }, () => node(t, "churn.mjs", dir, String(times)));
  const inside = 'mkdir "$0/inside" && rmdir "$0/inside"';
  const loop = `for i in $(seq ${times}); do "$0" acquire --wait "$1" -- sh -c '${inside}' "$1" || exit; done; echo done`;
  const natives = Array.from({ length: 2 }, () => start(t, "sh", ["-c", loop, program, dir]));
  // Owners that are killed, one after the other.
  let killed = 0;
  const all = [...nodes, ...natives].map((it) => it.line());
  const ended = Promise.all(all).then(() => "ended");
  for (let victims = 0; victims < 3; victims += 1) {
    const victim = node(t, "hold.mjs", dir, JSON.stringify({ wait: true }));
    await owns(victim);
    await victim.kill();
    killed += 1;
  }
  assert.equal(await ended, "ended");
  for (const it of [...nodes, ...natives]) assert.equal(await it.exit, 0, it.errors);
  // The last one that was killed may have been the last owner of all.
  await (await acquire(dir)).release();
  assert.deepEqual(fs.readdirSync(dir).filter((file) => !file.startsWith(`${NAME}.1-`)), []);
  t.diagnostic(`${6 * times} acquisitions and ${killed} kills`);
});
