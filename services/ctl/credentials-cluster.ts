import { resolve } from 'node:path';
import type { Sealer } from '../shared/env/sealer.ts';
import { OptionsError } from '../shared/platform/options.ts';
import { sealerOf } from '../shared/platform/sealer.ts';
import { DEFAULT_ACCOUNT } from '../shared/placement/credential-rules.ts';
import { readSettings } from './dev-settings.ts';
import { address, topology } from './dev-topology.ts';
import { UserError } from './user-error.ts';

/** Which cluster a command is about. */
export interface ClusterOptions {
  readonly dir: string;
  readonly autoAdmin?: string;
  readonly sealingKeyFile?: string;
}

export interface CredentialCluster {
  readonly autoAdmins: readonly string[];
  /** Undefined where no key is known: secrets cannot be sealed then. */
  readonly sealer: Sealer | undefined;
  /** Whose tables its root sees, as far as is known here. */
  readonly account: string;
}

/** Throws UserError when no cluster is named, or the key is none. */
export async function clusterOf({ dir, autoAdmin, sealingKeyFile }: ClusterOptions): Promise<CredentialCluster> {
  if (autoAdmin !== undefined) {
    return {
      autoAdmins: parseAddresses(autoAdmin),
      sealer: sealerFrom(process.env['STATOR_SEALING_KEY'], sealingKeyFile),
      account: DEFAULT_ACCOUNT,
    };
  }
  const settings = await readSettings(resolve(dir));
  if (settings === undefined) {
    throw new UserError(
      `There is no cluster in ${resolve(dir)}; name its folder with --dir, or its auto-admins with --auto-admin HOST:PORT,…`,
    );
  }
  const autoAdmins = topology(settings)
    .filter(({ role }) => role === 'auto-admin')
    .map(({ ports }) => address(ports.grpc));
  return { autoAdmins, sealer: sealerFrom(settings.sealingKey, undefined), account: settings.account };
}

function parseAddresses(text: string): string[] {
  return text.split(',').map((part) => {
    const one = part.trim();
    if (!/^[^=\s]+:\d{1,5}$/.test(one))
      throw new UserError(`An auto-admin is written HOST:PORT, as in 10.0.0.1:8009; this is not: ${part}`);
    return one;
  });
}

function sealerFrom(key: string | undefined, file: string | undefined): Sealer | undefined {
  try {
    return sealerOf({ key, file });
  } catch (error) {
    if (error instanceof OptionsError) throw new UserError(error.message);
    throw error;
  }
}
