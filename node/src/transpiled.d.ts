// The component as jco transpiles it, and the part of WebAssembly that is used here: the types of Node.js lack it.

declare namespace WebAssembly {
  interface Module {}
  function compile(bytes: Uint8Array): Promise<Module>;
}

declare module "*/component.js" {
  export function instantiate(
    code: (file: string) => WebAssembly.Module,
    imports: Record<string, object>,
  ): { lockfile: unknown };
}
