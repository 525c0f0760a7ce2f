import { COMMON_OPTIONS } from '../shared/platform/common-options.ts';
import { addressesOption, type OptionValues } from '../shared/platform/options.ts';

/** Every option of an auto-admin. */
export const AUTO_ADMIN_OPTIONS = {
  ...COMMON_OPTIONS,
  seeds: addressesOption({ help: 'The storage nodes that hold the catalog.' }),
};

export type AutoAdminCommandLine = OptionValues<typeof AUTO_ADMIN_OPTIONS>;
