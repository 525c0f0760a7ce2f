import { type Mutant, seeds } from '../mutant.ts';

const RECOVERY = 'shared/wal/recovery.ts';

/** The write-ahead log, and what a restart believes of it. */
export const DISK: readonly Mutant[] = [
  {
    name: 'lost-tail-taken-for-the-end',
    mistake: 'A log whose last batches are gone is taken for a whole one that ends earlier.',
    patches: [
      {
        file: RECOVERY,
        old: 'if (mark.number > newestBatch) return',
        new: 'if (mark.number < 0) return',
      },
    ],
    detectors: [seeds('damage', 8)],
  },
];
