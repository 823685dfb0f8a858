// Acquiring: what proper-lockfile's suite asks of `lock`, and what is asked here beside it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import test from "node:test";
import { pathToFileURL } from "node:url";

import { acquire, inspect, Lock, LockError } from "lockhost";

import { appears, atCall, DEAD, directory, failure, identity, leave, NAME, node, owns } from "./support.mjs";

test("a free directory is locked by a file with this pid", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  assert(lock instanceof Lock);
  assert.equal(lock.path, path.join(dir, NAME));
  assert.equal(lock.pid, process.pid);
  assert.equal(fs.readFileSync(lock.path, "utf8"), `${process.pid}\n`);
  assert.deepEqual(fs.readdirSync(dir).sort(), [NAME, `${NAME}.${lock.identity}`]);
  assert.equal(fs.statSync(lock.path).mode & 0o777, 0o600);
  await lock.release();
});

test("a second lock in this process is refused and names it", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  const refused = await acquire(dir).catch((error) => error);
  assert(refused instanceof LockError);
  assert.equal(refused.code, "ELOCKED");
  assert.equal(refused.holder.pid, process.pid);
  assert.equal(refused.holder.identity, lock.identity);
  assert.equal(refused.holder.reason, "this-process");
  assert.match(refused.message, /is held by this process itself \(pid \d+\) since /);
  assert.equal(refused.hint, "release that lock first: a process holds a lock once");
  await lock.release();
});

test("another process is refused and names the owner", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  const other = node(t, "hold.mjs", dir);
  assert.match(await other.line(), new RegExp(`^ELOCKED ${process.pid} `));
  assert.equal(await other.exit, 75);
  await lock.release();
});

test("an attempt after a release succeeds", async (t) => {
  const dir = directory(t);
  await (await acquire(dir)).release();
  const again = await acquire(dir);
  await again.release();
});

test("locks of two names on one directory are independent", async (t) => {
  const dir = directory(t);
  const [one, other] = [await acquire(dir, { name: "one.lock" }), await acquire(dir, { name: "other.pid" })];
  assert(await one.stillHeld());
  await one.release();
  await other.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("two directories are independent", async (t) => {
  const locks = await Promise.all([directory(t), directory(t)].map((dir) => acquire(dir)));
  await Promise.all(locks.map((lock) => lock.release()));
});

test("of many attempts at once in one process one succeeds", async (t) => {
  const dir = directory(t);
  const settled = await Promise.allSettled(Array.from({ length: 20 }, () => acquire(dir)));
  const locks = settled.filter((it) => it.status === "fulfilled");
  assert.equal(locks.length, 1);
  assert(settled.every((it) => it.status === "fulfilled" || it.reason.code === "ELOCKED"));
  await locks[0].value.release();
});

test("a directory that does not exist is an error", async (t) => {
  const dir = path.join(directory(t), "missing");
  await assert.rejects(acquire(dir), { name: "LockError", code: "ENOENT", path: dir, hint: /create the directory/ });
});

test("a file in the place of a directory is an error", async (t) => {
  const file = path.join(directory(t), "file");
  fs.writeFileSync(file, "");
  await assert.rejects(acquire(file), { code: "ENOTDIR" });
});

test("a symbolic link leads to the same lock", async (t) => {
  const dir = directory(t);
  const link = path.join(directory(t), "link");
  fs.symlinkSync(dir, link);
  const lock = await acquire(link);
  await assert.rejects(acquire(dir), { code: "ELOCKED" });
  await lock.release();
});

test("a URL and a relative path name a directory", async (t) => {
  const dir = directory(t);
  const lock = await acquire(pathToFileURL(dir));
  await assert.rejects(acquire(path.relative(process.cwd(), dir)), { code: "ELOCKED" });
  await lock.release();
});

test("wrong arguments are errors of their types", async (t) => {
  const dir = directory(t);
  await assert.rejects(acquire(undefined), TypeError);
  await assert.rejects(acquire(""), TypeError);
  await assert.rejects(acquire("a\0b"), TypeError);
  await assert.rejects(acquire(dir, { name: 7 }), TypeError);
  await assert.rejects(acquire(dir, { wait: -1 }), RangeError);
  await assert.rejects(acquire(dir, { wait: Number.NaN }), RangeError);
  for (const name of ["", "x", "a/b.lock", "../x.lock", ".lock"]) {
    await assert.rejects(acquire(dir, { name }), { code: "EBADNAME" }, name);
  }
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a stale file with a pid is taken over", async (t) => {
  const dir = directory(t);
  fs.writeFileSync(path.join(dir, NAME), `${DEAD}\n`);
  const lock = await acquire(dir);
  assert.deepEqual(lock.replaced, [{ file: path.join(dir, NAME), pid: DEAD, reason: "no-process" }]);
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("what a killed process leaves is taken over and removed", async (t) => {
  const dir = directory(t);
  const owner = await owns(node(t, "hold.mjs", dir));
  await owner.kill();
  assert.equal((await inspect(dir)).state, "stale");
  const lock = await acquire(dir);
  assert.equal(lock.replaced[0].pid, owner.child.pid);
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("crashes inside crashes are cleaned up", async (t) => {
  const dir = directory(t);
  leave(dir, await identity({ p: DEAD }), [NAME]);
  leave(dir, await identity({ p: DEAD - 1 }), [`${NAME}.reclaim`]);
  leave(dir, await identity({ p: DEAD - 2 }), [`${NAME}.reclaim.reclaim`]);
  const lock = await acquire(dir);
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a lock file that vanishes while it is judged is no obstacle", async (t) => {
  const dir = directory(t);
  const file = path.join(dir, NAME);
  fs.writeFileSync(file, `${DEAD}\n`);
  await inspect(dir);
  const seen = atCall(2, () => fs.rmSync(file), "openSync");
  t.after(seen.restore);
  const lock = await acquire(dir);
  seen.restore();
  assert(!fs.readFileSync(file, "utf8").includes(String(DEAD)));
  await lock.release();
});

test("an operation that fails is an error with its code", async (t) => {
  for (const [call, code] of [["linkSync", "EROFS"], ["openSync", "EMFILE"], ["writeSync", "ENOSPC"], ["lstatSync", "EACCES"]]) {
    const dir = directory(t);
    await inspect(dir);
    // The directory itself is opened first.
    const seen = atCall(call === "openSync" ? 2 : 1, () => { throw failure(code); }, call);
    t.after(seen.restore);
    const found = await acquire(dir).catch((error) => error);
    seen.restore();
    assert(found instanceof LockError, `${call}: ${found}`);
    // Where this process has no descriptor left to identify itself, that is the reason.
    assert.equal(found.code === "EHOST" ? /(E\w+): injected$/.exec(found.message)[1] : found.code, code);
    assert.deepEqual(fs.readdirSync(dir), []);
  }
});

test("a dead file that cannot be removed is an error", async (t) => {
  const dir = directory(t);
  fs.writeFileSync(path.join(dir, NAME), `${DEAD}\n`);
  const original = fs.unlinkSync;
  t.after(() => (fs.unlinkSync = original));
  fs.unlinkSync = (file) => {
    if (path.basename(file) === NAME) throw failure("EPERM");
    return original(file);
  };
  await assert.rejects(acquire(dir), { code: "EPERM" });
  fs.unlinkSync = original;
  assert.deepEqual(fs.readdirSync(dir), [NAME]);
});

test("what is no lock file is never followed or removed", async (t) => {
  for (const make of [(file) => fs.mkdirSync(file), (file) => fs.symlinkSync("elsewhere", file)]) {
    const dir = directory(t);
    make(path.join(dir, NAME));
    await assert.rejects(acquire(dir), { code: "ENOTALOCK" });
    assert.deepEqual(fs.readdirSync(dir), [NAME]);
  }
  const dir = directory(t);
  fs.writeFileSync(path.join(dir, NAME), "x".repeat(65));
  await assert.rejects(acquire(dir), { code: "ENOTALOCK" });
});

test("an old malformed file is taken over", async (t) => {
  const dir = directory(t);
  const file = path.join(dir, NAME);
  fs.writeFileSync(file, "");
  fs.utimesSync(file, 1, 1);
  const lock = await acquire(dir);
  assert.equal(lock.replaced[0].reason, "malformed");
  await lock.release();
});

test("a new malformed file settles", async (t) => {
  const dir = directory(t);
  fs.writeFileSync(path.join(dir, NAME), "");
  const lock = await acquire(dir);
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a waiter gets in after a release", async (t) => {
  const dir = directory(t);
  const first = await acquire(dir);
  const waiting = acquire(dir, { wait: true });
  await first.release();
  const second = await waiting;
  await second.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a waiter takes over from an owner that is killed", async (t) => {
  const dir = directory(t);
  const owner = await owns(node(t, "hold.mjs", dir));
  const waiting = acquire(dir, { wait: 60_000 });
  await owner.kill();
  const lock = await waiting;
  assert.equal(lock.replaced[0].pid, owner.child.pid);
  await lock.release();
});

test("many waiters hold the lock one after the other", async (t) => {
  const dir = directory(t);
  let [inside, most, served] = [0, 0, 0];
  const use = async () => {
    const lock = await acquire(dir, { wait: true });
    most = Math.max(most, ++inside);
    await inspect(dir);
    inside -= 1;
    served += 1;
    await lock.release();
  };
  await Promise.all(Array.from({ length: 10 }, use));
  assert.deepEqual([most, served], [1, 10]);
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a wait that ends is refused and names the owner", async (t) => {
  const dir = directory(t);
  const owner = await owns(node(t, "hold.mjs", dir));
  const refused = await acquire(dir, { wait: 50 }).catch((error) => error);
  assert.equal(refused.code, "ELOCKED");
  assert.equal(refused.holder.pid, owner.child.pid);
  assert.equal(fs.readdirSync(dir).length, 2);
});

test("a signal that is aborted before refuses without a file", async (t) => {
  const dir = directory(t);
  const reason = new Error("not now");
  await assert.rejects(acquire(dir, { signal: AbortSignal.abort(reason) }), reason);
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a signal ends a wait for an owner", async (t) => {
  const dir = directory(t);
  const owner = await owns(node(t, "hold.mjs", dir));
  const controller = new AbortController();
  const waiting = acquire(dir, { wait: true, signal: controller.signal });
  await inspect(dir);
  controller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  assert.equal(fs.readdirSync(dir).length, 2);
  await owner.kill();
});

test("a signal ends a wait for a file that settles", async (t) => {
  const dir = directory(t);
  fs.writeFileSync(path.join(dir, NAME), "");
  const controller = new AbortController();
  const waiting = acquire(dir, { signal: controller.signal });
  await appears(dir, /^tinyforge\.lock\.1-p/);
  controller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  assert.deepEqual(fs.readdirSync(dir), [NAME]);
});

test("a signal after the acquisition changes nothing", async (t) => {
  const dir = directory(t);
  const controller = new AbortController();
  const lock = await acquire(dir, { wait: true, signal: controller.signal });
  controller.abort();
  assert(await lock.stillHeld());
  await lock.release();
});

test("an unknown owner is refused until a person declares it dead", async (t) => {
  const dir = directory(t);
  const other = await identity({ p: 1, b: "0".repeat(32) });
  leave(dir, other);
  const refused = await acquire(dir).catch((error) => error);
  assert.equal(refused.code, "ELOCKED");
  assert.equal(refused.holder.liveness, "unknown");
  assert.match(refused.hint, new RegExp(`lockhost break --owner=${other} `));
  const lock = await acquire(dir, { assumeDead: other });
  assert.equal(lock.replaced[0].reason, "assumed-dead");
  await lock.release();
});

test("where hard links are denied the lock is made in place", async (t) => {
  const dir = directory(t);
  const original = fs.linkSync;
  t.after(() => (fs.linkSync = original));
  fs.linkSync = () => { throw failure("EPERM"); };
  const lock = await acquire(dir);
  assert.deepEqual(fs.readdirSync(dir), [NAME]);
  const refused = await acquire(dir).catch((error) => error);
  assert.equal(refused.code, "ELOCKED");
  assert.equal(refused.holder.claimed, false);
  assert.equal(refused.holder.pid, process.pid);
  assert.equal(refused.holder.reason, "this-process");
  const other = node(t, "hold.mjs", dir);
  assert.match(await other.line(), new RegExp(`^ELOCKED ${process.pid} `));
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});
