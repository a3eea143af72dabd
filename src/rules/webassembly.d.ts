/** As much of WebAssembly as UPE uses: TypeScript has it among what browsers have, and of these Node.js has little. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }

  class Memory {
    constructor(descriptor: {
      /** In pages of 64 KiB. */
      readonly initial: number;
      readonly maximum: number;
      readonly shared: true;
    });
    readonly buffer: SharedArrayBuffer;
  }

  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory | number>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}
