// The program of the thread in which the component runs for another one: it calls the functions of this package.
import { parentPort } from "node:worker_threads";

import { acquire, inspect, type Lock } from "./index.js";
import { type Answer, factsIn, plain, type Request } from "./messages";

const locks = new Map<number, Lock>();
const attempts = new Map<number, AbortController>();

async function perform(request: Request): Promise<unknown> {
  switch (request.what) {
    case "acquire": {
      const controller = new AbortController();
      attempts.set(request.id, controller);
      try {
        const lock = await acquire(request.directory, { ...request.options, signal: controller.signal });
        locks.set(request.id, lock);
        return factsIn(lock);
      } finally {
        attempts.delete(request.id);
      }
    }
    case "inspect":
      return inspect(request.directory, request.options);
    case "stillHeld":
      return locks.get(request.lock)!.stillHeld();
    case "release": {
      const lock = locks.get(request.lock)!;
      locks.delete(request.lock);
      return lock.release();
    }
    case "abort":
      return attempts.get(request.attempt)?.abort();
  }
}

parentPort!.on("message", async (request: Request) => {
  const { id } = request;
  const answer: Answer = await perform(request).then(
    (value) => ({ id, value }),
    (error) => ({ id, error: plain(error) }),
  );
  parentPort!.postMessage(answer);
});
