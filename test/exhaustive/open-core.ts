import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PaxosReplica } from '../../services/shared/paxos/replica.ts';

export interface OpenCore {
  readonly PaxosReplica: typeof PaxosReplica;
}

/**
 * Loads a copy of the compiled core whose `#private` fields are ordinary ones, and is the same otherwise. The search has to
 * copy a replica and to tell whether two replicas are in the same state; the core itself needs to offer neither.
 */
export async function loadOpenCore(): Promise<OpenCore> {
  const paxos = new URL('../../services/shared/paxos/', import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), 'open-core-'));
  try {
    mkdirSync(join(folder, 'paxos'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const file of readdirSync(fileURLToPath(paxos))) {
      if (!file.endsWith('.js') || file.endsWith('.test.js')) continue;
      writeFileSync(join(folder, 'paxos', file), openFields(readFileSync(new URL(file, paxos), 'utf8'), paxos));
    }
    return (await import(pathToFileURL(join(folder, 'paxos', 'replica.js')).href)) as OpenCore;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `#name` becomes `private_name`; what is imported from other folders is found where it is. */
function openFields(source: string, from: URL): string {
  return source
    .replace(/#([A-Za-z_]\w*)/g, `${PRIVATE}$1`)
    .replace(/(from ')(\.\.\/[^']+)'/g, (_, head: string, path: string) => `${head}${new URL(path, from).href}'`)
    .replace(/^\/\/# sourceMappingURL=.*$/m, '');
}

/** Begins the name of a field that is `#private` in the sources. */
export const PRIVATE = 'private_';
