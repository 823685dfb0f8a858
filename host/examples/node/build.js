// Transpiles the component into dist/, whose module imports what this folder gives it. With jco's command line:
// jco transpile COMPONENT --name lockfile --out-dir dist --no-wasi-shim
//   --map lockhost:lockfile/process=../process.js --map wasi:filesystem/types=../filesystem.js
import { transpile, writeFiles } from "@bytecodealliance/jco-transpile";

const component = process.argv[2] ?? "../../lockfile.wasm";
const { files } = await transpile(component, {
  name: "lockfile",
  outDir: "dist",
  // A refusal is an `Error` with a `payload`, as with the command line.
  noComponentErrorWrapping: false,
  wasiShim: false,
  map: {
    "lockhost:lockfile/process": "../process.js",
    "wasi:filesystem/types": "../filesystem.js",
  },
});
await writeFiles(files);
