// The interface `wasi:filesystem/types`, as far as the component uses it, by node:fs. What jco brings along does not
// serve: its `metadata-hash` changes with a file's time, it has no `openat`, and it throws what is no error code.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";

import { dispose } from "./dispose";

const { constants } = fs;
/** open(2): a directory that need not be readable, only searchable. Node.js has no name for it. */
const O_PATH = 0o10000000;

const PRIVATE = 0o600;

/** The codes of WASI for errors of the system. What has no code here arrives as `io`. */
const CODES: Record<string, string> = {
  EACCES: "access",
  EAGAIN: "would-block",
  EBADF: "bad-descriptor",
  EBUSY: "busy",
  EDQUOT: "quota",
  EEXIST: "exist",
  EFBIG: "file-too-large",
  EILSEQ: "illegal-byte-sequence",
  EINTR: "interrupted",
  EINVAL: "invalid",
  EISDIR: "is-directory",
  ELOOP: "loop",
  EMLINK: "too-many-links",
  ENAMETOOLONG: "name-too-long",
  ENODEV: "no-device",
  ENOENT: "no-entry",
  ENOLCK: "no-lock",
  ENOMEM: "insufficient-memory",
  ENOSPC: "insufficient-space",
  ENOTDIR: "not-directory",
  ENOTEMPTY: "not-empty",
  ENOTSUP: "unsupported",
  EOPNOTSUPP: "unsupported",
  EOVERFLOW: "overflow",
  ENXIO: "no-such-device",
  EPERM: "not-permitted",
  EROFS: "read-only",
  ETXTBSY: "text-file-busy",
  EXDEV: "cross-device",
};

const ERRNO = Object.fromEntries(Object.entries(CODES).map(([name, code]) => [code, name]));

/** What the instances of the component have open. It outlives a trap. */
export type Open = Set<{ [dispose](): void }>;

/** Performs a call of the system. Its failure becomes an error code; any other exception ends the instance. */
function perform<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || (syscall === undefined && !code.startsWith("E"))) throw error;
    if (CODES[code] === undefined) unnamed = code;
    throw CODES[code] ?? "io";
  }
}

/** The system's own code of the last failure that WASI has no code for. */
let unnamed: string | undefined;

/** Returns the system's own code for a code of WASI. */
export const errno = (code: string) => (code === "io" ? (unnamed ?? "EIO") : (ERRNO[code] ?? "EIO"));

interface OpenFlags {
  create?: boolean;
  exclusive?: boolean;
}

/** A file or a directory that is open. */
export class Descriptor {
  private constructor(
    readonly fd: number,
    /** The path of a directory. On Linux it leads through the descriptor, so a renamed directory stays the same one. */
    readonly base: string,
    private readonly open: Open,
  ) {
    open.add(this);
  }

  /**
   * Opens a directory.
   *
   * @throws an error of node:fs
   */
  static directory(directory: string, open: Open): Descriptor {
    const linux = process.platform === "linux";
    const flags = (constants.O_DIRECTORY ?? 0) | (linux ? O_PATH : constants.O_RDONLY);
    const fd = fs.openSync(directory, flags);
    const base = `/proc/self/fd/${fd}`;
    return new Descriptor(fd, linux && fs.existsSync(base) ? base : directory, open);
  }

  private at(name: string): string {
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name) || path.basename(name) !== name) {
      throw "not-permitted";
    }
    return path.join(this.base, name);
  }

  openAt(_path: unknown, name: string, how: OpenFlags, flags: { write?: boolean }): Descriptor {
    let bits = flags.write ? constants.O_RDWR : constants.O_RDONLY;
    if (how.create) bits |= constants.O_CREAT;
    if (how.exclusive) bits |= constants.O_EXCL;
    // A FIFO that takes the name's place must not be waited for.
    bits |= (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
    const file = this.at(name);
    return new Descriptor(perform(() => fs.openSync(file, bits, PRIVATE)), file, this.open);
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const bytes = new Uint8Array(Number(length));
    const count = perform(() => fs.readSync(this.fd, bytes, 0, bytes.length, Number(offset)));
    return [bytes.subarray(0, count), count === 0];
  }

  write(bytes: Uint8Array, offset: bigint): bigint {
    return BigInt(perform(() => fs.writeSync(this.fd, bytes, 0, bytes.length, Number(offset))));
  }

  stat() {
    return converted(perform(() => fs.fstatSync(this.fd, { bigint: true })));
  }

  statAt(_path: unknown, name: string) {
    const file = this.at(name);
    return converted(perform(() => fs.lstatSync(file, { bigint: true })));
  }

  metadataHash() {
    return hash(perform(() => fs.fstatSync(this.fd, { bigint: true })));
  }

  metadataHashAt(_path: unknown, name: string) {
    const file = this.at(name);
    return hash(perform(() => fs.lstatSync(file, { bigint: true })));
  }

  /** Links a name. Node.js cannot link an open file, which would be asked for by an empty name. */
  linkAt(_path: unknown, old: string, other: Descriptor, name: string): void {
    if (old === "") throw "not-directory";
    const [from, to] = [this.at(old), other.at(name)];
    perform(() => fs.linkSync(from, to));
  }

  unlinkFileAt(name: string): void {
    const file = this.at(name);
    perform(() => fs.unlinkSync(file));
  }

  /**
   * Sets the access time to now. By futimes(2) Node.js would round the modification time, which names an owner. So the
   * file is read, which sets the time where the mount allows it, and its mode is set anew, which changes `ctime`.
   */
  setTimes(): void {
    perform(() => {
      fs.readSync(this.fd, new Uint8Array(1), 0, 1, 0);
      fs.fchmodSync(this.fd, Number(fs.fstatSync(this.fd).mode) & 0o777);
    });
  }

  readDirectory(): DirectoryEntryStream {
    const entries = perform(() => fs.opendirSync(this.base, { encoding: "buffer" as BufferEncoding, bufferSize: 512 }));
    return new DirectoryEntryStream(entries, this.open);
  }

  [dispose](): void {
    if (this.open.delete(this)) ignoringErrors(() => fs.closeSync(this.fd));
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** A directory that is being read. */
export class DirectoryEntryStream {
  constructor(
    private readonly entries: fs.Dir,
    private readonly open: Open,
  ) {
    open.add(this);
  }

  readDirectoryEntry(): { type: string; name: string } | undefined {
    const entry = perform(() => this.entries.readSync());
    if (entry === null) return undefined;
    try {
      return { type: "unknown", name: UTF8.decode(entry.name as unknown as Uint8Array) };
    } catch {
      throw "illegal-byte-sequence";
    }
  }

  [dispose](): void {
    if (this.open.delete(this)) ignoringErrors(() => this.entries.closeSync());
  }
}

function ignoringErrors(close: () => void): void {
  try {
    close();
  } catch {
    // The descriptor is gone in either case.
  }
}

function kind(file: fs.BigIntStats): string {
  if (file.isFile()) return "regular-file";
  if (file.isDirectory()) return "directory";
  if (file.isSymbolicLink()) return "symbolic-link";
  if (file.isFIFO()) return "fifo";
  if (file.isSocket()) return "socket";
  if (file.isBlockDevice()) return "block-device";
  return file.isCharacterDevice() ? "character-device" : "unknown";
}

const SECOND = 1_000_000_000n;

function datetime(nanoseconds: bigint) {
  const rest = BigInt.asUintN(64, ((nanoseconds % SECOND) + SECOND) % SECOND);
  const seconds = (nanoseconds - rest) / SECOND;
  // WASI has no time before 1970.
  return seconds < 0n ? undefined : { seconds, nanoseconds: Number(rest) };
}

const converted = (file: fs.BigIntStats) => ({
  type: kind(file),
  linkCount: file.nlink,
  size: file.size,
  dataAccessTimestamp: datetime(file.atimeNs),
  dataModificationTimestamp: datetime(file.mtimeNs),
  statusChangeTimestamp: datetime(file.ctimeNs),
});

const hash = (file: fs.BigIntStats) => ({
  lower: BigInt.asUintN(64, file.ino),
  upper: BigInt.asUintN(64, file.dev),
});
