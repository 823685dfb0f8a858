// Directories, processes and identities for the tests.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { acquire } from "lockhost";

export const NAME = "tinyforge.lock";
/** Beyond the largest number of a process. */
export const DEAD = 999_999_999;

const here = path.dirname(fileURLToPath(import.meta.url));
export const fixture = (name) => path.join(here, "fixtures", name);

/** The native program, whose answers are the measure. */
export const program = process.env.LOCKHOST_PROGRAM ?? path.join(here, "..", "..", "target", "debug", "lockhost");
const isMissing = !fs.existsSync(program) && process.env.LOCKHOST_REQUIRE_ALL !== "1";
/** The options of a test that needs the native program. */
export const native = isMissing ? { skip: "there is no native program: cargo build, or LOCKHOST_PROGRAM" } : {};
/** The options of a test that needs proc(5). */
export const onLinux = process.platform === "linux" ? {} : { skip: "only Linux shows it" };

/** Makes an empty directory, which is removed after the test. */
export function directory(t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "lockhost-node-"));
  t.after(() => fs.rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Returns the identity of this process, with other facts where some are named; `undefined` leaves a fact out. */
export async function identity(facts = {}) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "lockhost-node-"));
  const lock = await acquire(scratch);
  await lock.release();
  fs.rmSync(scratch, { recursive: true });
  const found = lock.identity.split("-").slice(1).map((part) => [part[0], part.slice(1)]);
  const all = { ...Object.fromEntries(found), ...facts };
  const order = ["p", "s", "t", "b", "n", "e", "a"].filter((tag) => all[tag] !== undefined);
  return order.reduce((text, tag) => `${text}-${tag}${all[tag]}`, "1");
}

/** Leaves what a process of this identity leaves when it is killed: a claim, and its further names. */
export function leave(dir, owner, names = [NAME]) {
  const claim = path.join(dir, `${NAME}.${owner}`);
  fs.writeFileSync(claim, `${/^1-p(\d+)/.exec(owner)[1]}\n`, { mode: 0o600 });
  for (const name of names) fs.linkSync(claim, path.join(dir, name));
}

/** A process that prints on its first line what became of its attempt. */
export class Contender {
  constructor(command, args, options = {}) {
    const stdio = ["pipe", "pipe", "pipe"];
    this.child = spawn(command, args, { stdio, ...options });
    this.exit = once(this.child, "exit").then(([code, signal]) => signal ?? code);
    this.errors = "";
    this.child.stderr?.setEncoding("utf8").on("data", (text) => (this.errors += text));
    this.child.stdin?.on("error", () => {});
    const lines = createInterface({ input: this.child.stdout });
    this.lines = lines[Symbol.asyncIterator]();
  }

  /** Returns the next line, or `undefined` at the end. */
  async line() {
    return (await this.lines.next()).value;
  }

  send(text) {
    this.child.stdin.write(`${text}\n`);
  }

  kill(signal = "SIGKILL") {
    this.child.kill(signal);
    return this.exit;
  }
}

/** Starts a process that is ended after the test. */
export function start(t, command, args, options) {
  const contender = new Contender(command, args, options);
  t.after(() => contender.kill());
  return contender;
}

/** Starts Node.js with a fixture. */
export const node = (t, name, ...args) => start(t, process.execPath, [fixture(name), ...args]);

/** Starts the native program, which holds the lock until it is ended. */
export const nativeHolder = (t, dir, ...args) => start(t, program, ["acquire", ...args, dir]);

/** Waits until a process has the lock. */
export async function owns(contender) {
  const line = await contender.line();
  if (!line?.startsWith("acquired")) throw new Error(`${line}: ${contender.errors}`);
  return contender;
}

/** Waits until the directory has a file whose name fits. */
export async function appears(dir, name) {
  const watcher = fs.watch(dir);
  try {
    while (!fs.readdirSync(dir).some((file) => name.test(file))) await once(watcher, "change");
  } finally {
    watcher.close();
  }
}

/** The functions of node:fs by which the package works, except close(2), which cannot throw before it closes. */
const CALLS = [
  "fchmodSync", "fstatSync", "linkSync", "lstatSync", "openSync", "opendirSync", "readFileSync", "readSync",
  "readdirSync", "readlinkSync", "statSync", "statfsSync", "unlinkSync", "writeSync",
];

/**
 * Does `event` in place of the `nth` call of the file system, counted from 1, or at the calls of one function alone.
 * Returns how many calls there were, and a function that ends it.
 */
export function atCall(nth, event, only) {
  const originals = CALLS.map((name) => [name, fs[name]]);
  const seen = { calls: 0, restore: () => originals.forEach(([name, call]) => (fs[name] = call)) };
  for (const [name, call] of originals) {
    if (only && name !== only) continue;
    fs[name] = (...args) => {
      seen.calls += 1;
      if (seen.calls === nth) {
        const result = event(name, args);
        if (result !== undefined) return result;
      }
      return call(...args);
    };
  }
  return seen;
}

/** An error as the system reports it. */
export const failure = (code) => Object.assign(new Error(`${code}: injected`), { code, syscall: "injected" });

/** Keeps this process running for the time of a test: a watch for a loss does not. */
export function stayAlive(t) {
  const timer = setInterval(() => {}, 1 << 30);
  t.after(() => clearInterval(timer));
}
