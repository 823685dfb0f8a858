// Builds dist/: the component transpiled by jco, the sources in one file for CommonJS, a face for ESM, and the types.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { transpile, writeFiles } from "@bytecodealliance/jco-transpile";
import { build, transform } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
rmSync("dist", { recursive: true, force: true });
rmSync("build", { recursive: true, force: true });
mkdirSync("dist");

const { files } = await transpile("../host/lockfile.wasm", {
  name: "lockfile",
  outDir: "build",
  instantiation: { tag: "sync" },
  noComponentErrorWrapping: false,
  wasiShim: false,
});
await writeFiles(files);
for (const file of Object.keys(files).filter((file) => file.endsWith(".wasm"))) {
  copyFileSync(file, path.join("dist", path.basename(file)));
}

// Without a log of each step, whose switch would be read from the environment each time. And without the functions for
// asynchronous calls, of which there are none: where the engine has no JSPI, each would cost milliseconds.
const jspi = "WebAssembly.promising(";
const log = /const _debugLog = \(\.\.\.args\) => \{[^}]*\}[^}]*\}/;
const transpiled = readFileSync("build/lockfile.js", "utf8");
if (!log.test(transpiled) || !transpiled.includes(jspi)) throw new Error("jco's output is not what was expected");
const options = { format: "cjs", platform: "node", target: "node20", minify: true, lineLimit: 120 };
const { code } = await transform(transpiled.replace(log, "const _debugLog = () => {}").replaceAll(jspi, "("), options);
writeFileSync("dist/component.js", code);

await build({
  entryPoints: { index: "src/index.ts", thread: "src/thread-main.ts" },
  outdir: "dist",
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  external: ["./component.js", "./index.js"],
});

const require = createRequire(import.meta.url);
const tsc = path.join(path.dirname(require.resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [tsc], { stdio: "inherit" });

// Types of the inside are of no use to a program.
const reached = new Set();
const reach = (file) => {
  if (reached.has(file)) return;
  reached.add(file);
  for (const [, to] of readFileSync(file, "utf8").matchAll(/from "(\.[^"]*)"/g)) {
    reach(path.join(path.dirname(file), `${to}.d.ts`));
  }
};
reach(path.join("dist", "index.d.ts"));
for (const entry of readdirSync("dist", { recursive: true })) {
  const file = path.join("dist", entry);
  if (file.endsWith(".d.ts") && !reached.has(file)) rmSync(file);
}
rmSync(path.join("dist", "process"), { recursive: true, force: true });

const names = /\bexport \{([^}]*)\}/g;
const values = [...readFileSync("src/index.ts", "utf8").matchAll(names)]
  .flatMap(([, list]) => list.split(","))
  .map((name) => name.trim())
  .filter((name) => name !== "" && !name.startsWith("type "));
const face = `import lockhost from "./index.js";\nexport const { ${values.join(", ")} } = lockhost;\n`;
writeFileSync("dist/index.mjs", face);
writeFileSync("dist/index.d.mts", 'export * from "./index.js";\n');

for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) cpSync(path.join("..", licence), licence);
