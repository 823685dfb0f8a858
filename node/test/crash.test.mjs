// A trap, an exception or an exit of the interpreter leaves the directory free or dead, never wedged.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { acquire, inspect, LockError } from "lockhost";

import {
  atCall, Contender, DEAD, directory, identity, leave, NAME, native, node, onLinux, owns, program, start,
} from "./support.mjs";

/** Returns whether the native program gets in, while this process still runs. */
async function isFreeOutside(dir) {
  const other = new Contender(program, ["acquire", dir, "--", "true"]);
  return (await other.exit) === 0;
}

const scenes = {
  "a free directory": () => {},
  "a stale lock": (dir) => fs.writeFileSync(path.join(dir, NAME), `${DEAD}\n`),
  "a crashed reclaim": async (dir) => {
    leave(dir, await identity({ p: DEAD }), [NAME]);
    leave(dir, await identity({ p: DEAD - 1 }), [`${NAME}.reclaim`]);
  },
};

for (const [scene, fill] of Object.entries(scenes)) {
  test(`an exception at any call frees ${scene}`, { ...native, ...onLinux }, async (t) => {
    for (let call = 1; ; call += 1) {
      const dir = directory(t);
      await fill(dir);
      await inspect(dir);
      const seen = atCall(call, () => { throw new RangeError("injected"); });
      let lock;
      try {
        lock = await acquire(dir);
        await lock.release();
      } catch (error) {
        // One that node:fs itself turns into an answer is none of the two.
        assert(error instanceof LockError || error instanceof RangeError, error);
      } finally {
        seen.restore();
      }
      assert(await isFreeOutside(dir), `an exception at call ${call} wedged ${fs.readdirSync(dir)}`);
      if (seen.calls < call) {
        t.diagnostic(`${call - 1} calls`);
        assert(call > 20);
        break;
      }
    }
  });
}

test("an exception while a lock is held does not free it", { ...native, ...onLinux }, async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  const seen = atCall(1, () => { throw new RangeError("injected"); });
  await assert.rejects(lock.stillHeld(), { code: "ETRAP" });
  seen.restore();
  assert(!(await isFreeOutside(dir)));
  await assert.rejects(acquire(dir), { code: "ELOCKED" });
  await lock.release();
  assert(await isFreeOutside(dir));
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("a trap in one lock costs no other", onLinux, async (t) => {
  const [one, other] = [directory(t), directory(t)];
  const lock = await acquire(one);
  const seen = atCall(9, () => { throw new RangeError("injected"); });
  await assert.rejects(acquire(other));
  seen.restore();
  assert(await lock.stillHeld());
  await lock.release();
});

test("a kill at any call leaves what the next one takes over", { ...onLinux }, async (t) => {
  let killed = 0;
  for (let call = 1; ; call += 3) {
    const dir = directory(t);
    fs.writeFileSync(path.join(dir, NAME), `${DEAD}\n`);
    const child = node(t, "die-at.mjs", dir, String(call));
    const ended = await child.exit;
    await (await acquire(dir)).release();
    if (ended === 0) break;
    assert.equal(ended, "SIGKILL", child.errors);
    killed += 1;
  }
  t.diagnostic(`${killed} kills`);
  assert(killed > 10);
});

for (const [how, what] of Object.entries({
  "process.exit": "process.exit(7)",
  "an uncaught exception": "throw new Error('intended')",
  "an unhandled rejection": "Promise.reject(new Error('intended'))",
  "a signal": "process.kill(process.pid, 'SIGTERM')",
  "process.abort": "process.abort()",
  "the end of the program": "",
})) {
  for (const thread of [false, true]) {
    test(`a lock that ${how} leaves is dead${thread ? ", in a thread too" : ""}`, async (t) => {
      const dir = directory(t);
      const script = `import("lockhost").then(async ({ acquire }) => {
        await acquire(${JSON.stringify(dir)}, { thread: ${thread} }); console.log("acquired"); ${what} })`;
      const cwd = fileURLToPath(new URL(".", import.meta.url));
      const child = await owns(start(t, process.execPath, ["-e", script], { cwd }));
      await child.exit;
      assert.equal((await inspect(dir)).state, "stale");
      await (await acquire(dir)).release();
      assert.deepEqual(fs.readdirSync(dir), []);
    });
  }
}

test("a forked child has no part in the lock of its parent", async (t) => {
  const dir = directory(t);
  const lock = await acquire(dir);
  const child = fork(new URL("fixtures/hold.mjs", import.meta.url), [dir], { stdio: ["pipe", "pipe", "inherit", "ipc"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (said += text));
  await new Promise((resolve) => child.once("close", resolve));
  assert.match(said, new RegExp(`^ELOCKED ${process.pid} `));
  // A child that outlives its parent's lock keeps nothing of it.
  assert(await lock.stillHeld());
  await lock.release();
  assert.deepEqual(fs.readdirSync(dir), []);
});
