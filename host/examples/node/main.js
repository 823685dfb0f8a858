// Holds the lock on a directory until a signal: `node main.js DIRECTORY`, as `lockhost acquire DIRECTORY`.
import process from "node:process";

import { acquire, release } from "./lock.js";

const known = ({ tag, val }) => (val === undefined ? tag : `${tag}: ${val}`);

const [directory] = process.argv.slice(2);
try {
  const lock = await acquire(directory);
  const { file, pid, replaced } = lock.report();
  const idle = setInterval(() => {}, 2 ** 30);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, () => {
      release(lock);
      clearInterval(idle);
    });
  }
  for (const { file, pid, reason } of replaced) {
    console.error(`replaced ${file} of pid ${pid ?? "?"} (${known(reason)})`);
  }
  console.log(`acquired ${directory}/${file} (pid ${pid})`);
} catch (error) {
  if (!error.payload) throw error;
  const { file, cause } = error.payload;
  const holder = cause.val?.holder;
  const why = holder ? `held by pid ${holder.pid} (${known(holder.liveness)})` : cause.tag;
  console.error(`${directory}/${file}: ${why}`);
  process.exitCode = ["held", "contended"].includes(cause.tag) ? 75 : 1;
}
