// Reading what the system shows of processes.
import fs from "node:fs";

const LACKING = ["EMFILE", "ENFILE", "ENOMEM"];

/**
 * Returns what the system shows, and `undefined` for what it does not have or hides. Rethrows a lack of descriptors or
 * memory: a fact that is missing for that reason proves nothing.
 */
export function shown<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || LACKING.includes(code)) throw error;
    return undefined;
  }
}

/** Returns the text of a file. Names of commands and mounts may contain any bytes, so each byte is one character. */
export const text = (path: string) => shown(() => fs.readFileSync(path, "latin1"));
