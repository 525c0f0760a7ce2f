import { CONSENSUS } from './catalog/consensus.ts';
import { DISK } from './catalog/disk.ts';
import { ELECTIONS } from './catalog/elections.ts';
import { EXPRESSIONS } from './catalog/expressions.ts';
import { EXPIRIES } from './catalog/expiry.ts';
import { GLOBAL_INDEXES } from './catalog/indexes.ts';
import { INTEGRITY } from './catalog/integrity.ts';
import { LEASES } from './catalog/leases.ts';
import { LOCAL_INDEXES } from './catalog/local-indexes.ts';
import { LOST_INDEXES } from './catalog/lost-indexes.ts';
import { MEMBERSHIP } from './catalog/membership.ts';
import { REQUESTS } from './catalog/requests.ts';
import { ROUTING } from './catalog/routing.ts';
import { SERVING } from './catalog/serving.ts';
import { TABLES } from './catalog/tables.ts';
import { TREES } from './catalog/trees.ts';
import type { Mutant } from './mutant.ts';

/** Every mistake that must be noticed. */
export const MUTANTS: readonly Mutant[] = [
  ...ELECTIONS,
  ...CONSENSUS,
  ...LEASES,
  ...MEMBERSHIP,
  ...LOCAL_INDEXES,
  ...SERVING,
  ...REQUESTS,
  ...ROUTING,
  ...TABLES,
  ...DISK,
  ...TREES,
  ...EXPIRIES,
  ...INTEGRITY,
  ...EXPRESSIONS,
  ...GLOBAL_INDEXES,
  ...LOST_INDEXES,
];
