// A lock on a directory: one process at a time, taken over from a dead one.
export { acquire, type AcquireOptions, DEFAULT_NAME } from "./acquire";
export type { AliveReason, DeadReason, UnknownReason } from "./contract";
export { LockError, type LockErrorCode } from "./error";
export type { Holder } from "./holder";
export { inspect, type InspectOptions, type Status } from "./inspect";
export { Lock, type Replaced, type Warning } from "./lock";
