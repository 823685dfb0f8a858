// The package as it is published: its files, both kinds of modules, and its types.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import test from "node:test";
import { fileURLToPath } from "node:url";

import { directory } from "./support.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);

/** Packs the package, and unpacks it where a program finds it. */
function installed(t) {
  const dir = directory(t);
  const command = ["pack", "--ignore-scripts", "--json", "--pack-destination", dir];
  const output = execFileSync("npm", command, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const packed = JSON.parse(output);
  const { filename, files } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
  const place = path.join(dir, "node_modules", "lockhost");
  fs.mkdirSync(place, { recursive: true });
  execFileSync("tar", ["-xzf", path.join(dir, filename), "-C", place, "--strip-components=1"]);
  return { dir, place, files: files.map((file) => file.path).sort() };
}

test("the package has what it needs and no file of development", (t) => {
  const { files, place } = installed(t);
  const types = ["acquire", "dispose", "error", "holder", "index", "inspect", "lock", "reasons"].map((name) => `dist/${name}.d.ts`);
  const code = ["component.js", "index.d.mts", "index.js", "index.mjs", "thread.js"].map((name) => `dist/${name}`);
  const modules = ["core", "core2", "core3"].map((name) => `dist/lockfile.${name}.wasm`);
  const texts = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"];
  assert.deepEqual(files, [...texts, ...types, ...code, ...modules].sort());
  const { dependencies, scripts } = JSON.parse(fs.readFileSync(path.join(place, "package.json"), "utf8"));
  assert.equal(dependencies, undefined);
  assert.equal(scripts.postinstall ?? scripts.install ?? scripts.preinstall, undefined);
});

test("the component in the package is that of the repository", (t) => {
  const { place } = installed(t);
  const core = fs.readFileSync(path.join(place, "dist", "lockfile.core.wasm"));
  const component = fs.readFileSync(path.join(root, "..", "host", "lockfile.wasm"));
  assert(component.includes(core.subarray(8)), "the core module is a part of the component");
});

test("programs of both kinds of modules share one implementation", (t) => {
  const { dir } = installed(t);
  const script = `
    const required = require("lockhost");
    import("lockhost").then(async (imported) => {
      for (const name of Object.keys(required)) if (imported[name] !== required[name]) throw new Error(name);
      const lock = await imported.acquire(".");
      const refused = await required.acquire(".").catch((error) => error);
      if (!(refused instanceof imported.LockError)) throw refused;
      await lock.release();
      console.log(Object.keys(imported).sort().join());
    });`;
  const output = execFileSync(process.execPath, ["-e", script], { cwd: dir, encoding: "utf8" });
  assert.equal(output, "DEFAULT_NAME,Lock,LockError,acquire,inspect\n");
});

test("an import reads nothing and sets nothing up", (t) => {
  const { dir } = installed(t);
  const script = `
    const before = process.eventNames().length;
    require("lockhost");
    const handles = process.getActiveResourcesInfo();
    console.log(process.eventNames().length - before, handles.filter((it) => it !== "PipeWrap").join());`;
  const output = execFileSync(process.execPath, ["-e", script], { cwd: dir, encoding: "utf8" });
  assert.equal(output, "0 \n");
});

test("the types serve both kinds of modules", (t) => {
  const { dir } = installed(t);
  const typesOfNode = path.dirname(require.resolve("@types/node/package.json"));
  fs.mkdirSync(path.join(dir, "node_modules", "@types"));
  fs.symlinkSync(typesOfNode, path.join(dir, "node_modules", "@types", "node"));
  fs.symlinkSync(path.join(root, "node_modules", "undici-types"), path.join(dir, "node_modules", "undici-types"));
  const program = `
    import { acquire, inspect, Lock, LockError, type AcquireOptions, type Status } from "lockhost";
    export async function work(directory: string | URL): Promise<void> {
      const options: AcquireOptions = { name: "x.lock", wait: 1_000, signal: AbortSignal.timeout(5) };
      try {
        await using lock: Lock = await acquire(directory, options);
        const stop: () => void = lock.onLost((error) => console.error(error.code));
        stop();
        const still: boolean = await lock.stillHeld();
        console.log(still, lock.replaced.map((it) => it.pid));
      } catch (error) {
        if (error instanceof LockError && error.code === "ELOCKED") console.log(error.holder?.pid, error.hint);
      }
      const status: Status = await inspect(directory);
      // @ts-expect-error: there is no such state
      console.log(status.state === "open");
      // @ts-expect-error: there is no such option
      await acquire(directory, { timeout: 5 });
    }`;
  fs.writeFileSync(path.join(dir, "program.mts"), program);
  fs.writeFileSync(path.join(dir, "program.cts"), program);
  fs.writeFileSync(path.join(dir, "package.json"), "{}");
  const compilerOptions = {
    strict: true, noEmit: true, module: "nodenext", target: "es2022", lib: ["es2022", "esnext.disposable"], types: ["node"],
    exactOptionalPropertyTypes: true, skipLibCheck: false,
  };
  fs.writeFileSync(path.join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.mts", "*.cts"] }));
  const tsc = path.join(path.dirname(require.resolve("typescript/package.json")), "bin", "tsc");
  const result = (() => {
    try {
      return execFileSync(process.execPath, [tsc, "-p", dir], { cwd: dir, encoding: "utf8" });
    } catch (error) {
      return error.stdout;
    }
  })();
  assert.equal(result, "");
});
