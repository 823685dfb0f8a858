// Measures how long the event loop is blocked: `node scripts/measure.mjs [ENTRIES]`. The component runs synchronously, so
// each step of an attempt is one block.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";

import { acquire, inspect } from "lockhost";

const entries = Number(process.argv[2] ?? 100_000);

async function measured(what, rounds, work) {
  const times = [];
  const cpu = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) {
    const begun = performance.now();
    await work(round);
    times.push(performance.now() - begun);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const used = process.cpuUsage(cpu);
  times.sort((one, other) => one - other);
  const at = (part) => times[Math.floor((rounds - 1) * part)].toFixed(2);
  const processor = ((used.user + used.system) / 1000 / rounds).toFixed(2);
  const all = `median ${at(0.5)} ms, 99% ${at(0.99)} ms, most ${at(1)} ms, processor ${processor} ms each`;
  console.log(`${what}: ${all} (${rounds} rounds)`);
}

const folder = () => mkdtempSync(path.join(os.tmpdir(), "lockhost-measure-"));
const small = folder();
const large = folder();
for (let entry = 0; entry < entries; entry += 1) writeFileSync(path.join(large, `entry-${entry}`), "");

await measured("the first lock in a process", 1, async () => (await acquire(small)).release());
await measured("acquire and release", 2_000, async () => (await acquire(small)).release());
const held = await acquire(small);
await measured("a refusal", 1_000, () => acquire(small).catch(() => {}));
await held.release();
await measured(`acquire and release beside ${entries} files`, 300, async () => (await acquire(large)).release());
writeFileSync(path.join(large, "tinyforge.lock"), `${process.ppid}\n`);
await measured(`a file without a claim beside ${entries} files`, 10, () => inspect(large));
rmSync(small, { recursive: true });
rmSync(large, { recursive: true });
