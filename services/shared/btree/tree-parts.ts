import type { DirtyPages } from './dirty-pages.ts';
import type { PageBuffers } from './page-buffers.ts';
import type { PageCache } from './page-cache.ts';
import type { PageReader } from './page-reader.ts';
import type { StoreWriter } from './store-writer.ts';

/** What a tree is made of and with; one for each tree. */
export interface TreeParts {
  readonly treeId: number;
  readonly cache: PageCache;
  readonly buffers: PageBuffers;
  readonly reader: PageReader;
  readonly writer: StoreWriter;
  readonly dirty: DirtyPages;
}
