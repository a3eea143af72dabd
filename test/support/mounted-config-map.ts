import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder as the kubelet mounts a ConfigMap: the files are links into `..data`, which is a link to a folder
 * of their contents; an update makes a new folder and renames another link over `..data`. Source:
 * AtomicWriter, pkg/volume/util/atomic_writer.go in kubernetes/kubernetes.
 */
export class MountedConfigMap {
  private versionCount = 0;
  private version: string | null = null;

  /**
   * @param folder where it is mounted; exists and is empty.
   * @param name of the rule file, the key in the ConfigMap.
   */
  constructor(
    private readonly folder: string,
    private readonly name: string,
    text: string,
  ) {
    this.update(text);
    symlinkSync(join('..data', name), this.file);
  }

  get file(): string {
    return join(this.folder, this.name);
  }

  update(text: string): void {
    const version = `..2026_11_25_10_00_00.${this.versionCount++}`;
    mkdirSync(join(this.folder, version));
    writeFileSync(join(this.folder, version, this.name), text);
    symlinkSync(version, join(this.folder, '..data_tmp'));
    renameSync(join(this.folder, '..data_tmp'), join(this.folder, '..data'));
    if (this.version !== null) rmSync(join(this.folder, this.version), { recursive: true });
    this.version = version;
  }
}
