// A lock on a directory: one process at a time, taken over from a dead one.
export { acquire, type AcquireOptions, DEFAULT_NAME } from "./acquire";
export { LockError, type LockErrorCode } from "./error";
export type { Holder } from "./holder";
export { inspect, type InspectOptions, type Status } from "./inspect";
export { Lock, type Replaced, type Warning } from "./lock";
export type { AliveReason, DeadReason, UnknownReason } from "./reasons";
