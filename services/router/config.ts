import { REQUEST_DEADLINE_MAX_MS } from '../shared/limits/cluster-client-limits.ts';
import { DEFAULT_ACCOUNT } from '../shared/placement/credential-rules.ts';
import { COMMON_OPTIONS } from '../shared/platform/common-options.ts';
import {
  addressesOption,
  addressOption,
  integerOption,
  type OptionValues,
  optional,
  secret,
  textOption,
} from '../shared/platform/options.ts';

/** Every option of a router. */
export const ROUTER_OPTIONS = {
  ...COMMON_OPTIONS,
  seeds: addressesOption({ help: 'The storage nodes that hold the catalog.' }),
  autoAdmin: optional(addressesOption({ help: 'Auto-admins, for CreateTable and DeleteTable.' })),
  httpListen: addressOption({ help: 'Where clients connect.', default: '127.0.0.1:8000' }),
  accessKeyId: optional(textOption({ help: 'An access key that this router accepts, beside those of the catalog.' })),
  secretAccessKey: optional(secret(textOption({ help: 'Its secret.' }))),
  account: textOption({ help: 'The account that the access key belongs to; it may do everything there.', default: DEFAULT_ACCOUNT }),
  sealingKey: optional(
    secret(textOption({ help: 'Key that the secrets of the catalog are sealed with: 32 bytes in hexadecimal or Base64.' })),
  ),
  sealingKeyFile: optional(textOption({ help: 'File with that key.' })),
  requestTimeoutMs: integerOption({
    help: 'A request is repeated within this time while its leader is gone.',
    unit: 'ms',
    min: 100,
    max: REQUEST_DEADLINE_MAX_MS,
    default: 5000,
  }),
};

export type RouterCommandLine = OptionValues<typeof ROUTER_OPTIONS>;
