// Loads and starts all that the lock needs, says that it is ready, waits until its standard input is closed, and becomes
// the program that it is given: `node at-barrier.js MAIN DIRECTORY`.
import { once } from "node:events";
import process from "node:process";
import { pathToFileURL } from "node:url";

process.argv.splice(1, 1);
const [, main, directory] = process.argv;
const beside = (file) => import(new URL(file, pathToFileURL(main)));
const [{ openDirectory }, { lockfile }] = await Promise.all(
  ["filesystem.js", "dist/lockfile.js"].map(beside),
);
// Writes nothing.
lockfile.inspect(openDirectory(directory), "tinyforge.lock");
console.log("ready");
process.stdin.resume();
await once(process.stdin, "end");
await beside("main.js");
