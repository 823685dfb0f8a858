// wasi:filesystem/types for the component: jco's, with another answer to which file one is.
import { _createPreopenDescriptor, types } from "@bytecodealliance/preview2-shim/filesystem";

export const { Descriptor, DirectoryEntryStream } = types;

// jco's `metadata-hash` is a file's time and its inode. The component asks for it before it writes its pid and after:
// the file has to stay the same one. The inode alone is enough within one directory, while somebody has the file open.
for (const method of ["metadataHash", "metadataHashAt"]) {
  const hash = Descriptor.prototype[method];
  Descriptor.prototype[method] = function (...whose) {
    return { ...hash.apply(this, whose), upper: 0n };
  };
}

/** The directory at a path, to hand to the component: opened from itself, since jco lists no preopened one. */
export function openDirectory(path) {
  const flags = [{ symlinkFollow: true }, ".", { directory: true }, { read: true }];
  return _createPreopenDescriptor(path).openAt(...flags);
}
