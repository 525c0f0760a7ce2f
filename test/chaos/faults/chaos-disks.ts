import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { DevProcess } from '../../../services/ctl/dev-topology.ts';
import { MIB } from '../../../services/shared/base/units.ts';
import type { StorageNodeName, Surroundings } from '../../harness/process-cluster.ts';
import { runTool } from '../tools.ts';

/** tmpfs keeps nothing over a power cut, but is full as any disk is; an image is a file that can be copied as a power cut leaves it. */
export type DiskKind = 'small-disks' | 'disk-images';

/** Sparse files: what is not written takes no room. */
const IMAGE_BYTES = 512 * MIB;
const SMALL_DISK = '192m';
/** The file system's own journal is written when a process syncs, never by a timer that could fall into the copying of an image. */
const IMAGE_OPTIONS = 'loop,commit=3600';
const BALLAST = 'ballast';

/** A file system of its own for the data of each storage node. */
export class ChaosDisks implements Surroundings {
  readonly #kind: DiskKind;
  /** Data folder of each node. */
  readonly #folders = new Map<string, string>();
  /** Image of each node: its number grows with each power cut. */
  readonly #images = new Map<string, number>();
  #directory = '';
  readonly #atExit = (): void => this.#unmountAll();

  constructor(kind: DiskKind) {
    this.#kind = kind;
  }

  async prepare(directory: string, processes: readonly DevProcess[]): Promise<void> {
    this.#directory = directory;
    // Before the folder that they are mounted in is removed.
    process.prependListener('exit', this.#atExit);
    for (const { name, dataDir } of processes) {
      if (dataDir === null) continue;
      await mkdir(dataDir, { recursive: true });
      // First: whoever is interrupted meanwhile must not leave it mounted.
      this.#folders.set(name, dataDir);
      await this.#mountFirst(name, dataDir);
    }
  }

  async dispose(): Promise<void> {
    process.off('exit', this.#atExit);
    this.#unmountAll();
  }

  /** Leaves so many bytes free. */
  async fill(node: StorageNodeName, leaveBytes: number): Promise<void> {
    const ballastBytes = Math.max(0, (await this.freeBytes(node)) - leaveBytes);
    // The node may have taken what is left meanwhile.
    await writeFile(join(this.#folder(node), BALLAST), Buffer.alloc(ballastBytes, 1)).catch(() => {});
  }

  async freeBytes(node: StorageNodeName): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder(node));
    return bavail * bsize;
  }

  async free(node: StorageNodeName): Promise<void> {
    await rm(join(this.#folder(node), BALLAST), { force: true });
  }

  /**
   * Copies the image as it is while its process is stopped: what was synced is in it, and of the rest whatever the kernel had
   * written by then, as if the power had failed.
   */
  async copyAsIfCut(node: StorageNodeName): Promise<void> {
    const number = this.#images.get(node) ?? 0;
    await runTool('cp', ['--sparse=always', this.#image(node, number), this.#image(node, number + 1)]);
  }

  /** Mounts the copy in place of the image; the process must be gone. The file system recovers from its journal. */
  async recover(node: StorageNodeName): Promise<void> {
    const number = this.#images.get(node) ?? 0;
    const folder = this.#folder(node);
    await runTool('umount', [folder]);
    await rm(this.#image(node, number));
    this.#images.set(node, number + 1);
    await runTool('mount', ['-o', IMAGE_OPTIONS, this.#image(node, number + 1), folder]);
  }

  async #mountFirst(name: string, dataDir: string): Promise<void> {
    if (this.#kind === 'small-disks') {
      await runTool('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK}`, 'tmpfs', dataDir]);
      return;
    }
    const image = this.#image(name, 0);
    this.#images.set(name, 0);
    await runTool('truncate', ['--size', String(IMAGE_BYTES), image]);
    await runTool('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image]);
    await runTool('mount', ['-o', IMAGE_OPTIONS, image, dataDir]);
  }

  #folder(node: string): string {
    const folder = this.#folders.get(node);
    if (folder === undefined) throw new Error(`${node} has no disk of its own`);
    return folder;
  }

  #image(node: string, number: number): string {
    return join(this.#directory, `${node}-${number}.img`);
  }

  /** Synchronous, for the exit of the test's own process. */
  #unmountAll(): void {
    for (const folder of this.#folders.values()) spawnSync('umount', ['--lazy', folder]);
    this.#folders.clear();
  }
}
