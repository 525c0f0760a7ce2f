import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { must } from '../../services/shared/base/assert.ts';
import { MUTANTS } from './catalog.ts';
import { detect } from './detection.ts';
import type { Mutant } from './mutant.ts';
import { misfits, PatchMisfitError, patchedFiles } from './patching.ts';
import { SERVICES, Workshop } from './workshop.ts';

/** One of each kind, all caught by the first seed, by quick tests or a short search; `make mutants` tries all. */
const SAMPLE = [
  'quorum-of-one-promise',
  'lease-margin-added',
  'lease-goes-on-behind-a-swap',
  'applied-before-chosen',
  'overlay-kept-over-a-step-down',
  'repeated-write-executed-twice',
  'or-before-and',
];

const FITTING: Mutant = {
  name: 'fitting',
  mistake: 'None.',
  patches: [{ file: 'shared/paxos/grants.ts', old: 'export class Grants {', new: 'export class Grants { /* $& */' }],
  detectors: [],
};

describe('mutants', () => {
  it('are enough, with names of their own and detectors, and fit the sources', () => {
    assert(MUTANTS.length >= 40);
    assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length);
    assert.deepEqual(misfits(MUTANTS, SERVICES), []);
    for (const { name, detectors } of MUTANTS) assert(detectors.length > 0, name);
  });

  it('change a text that stands once, and only that', () => {
    const text = must(patchedFiles(FITTING, SERVICES).get('shared/paxos/grants.ts'));
    assert(text.includes('export class Grants { /* $& */'));
  });

  it('are refused when their text is gone, not unique, or in no file', () => {
    const misfit = (file: string, old: string): Mutant => ({ ...FITTING, patches: [{ file, old, new: '' }] });
    for (const mutant of [
      misfit('shared/paxos/grants.ts', 'no such text'),
      misfit('shared/paxos/grants.ts', 'const '),
      misfit('none.ts', 'x'),
    ]) {
      assert.throws(() => patchedFiles(mutant, SERVICES), PatchMisfitError);
      assert.equal(misfits([mutant, FITTING], SERVICES).length, 1);
    }
  });

  it('are caught', async (context) => {
    const workshop = new Workshop();
    try {
      for (const name of SAMPLE) {
        const mutant = must(
          MUTANTS.find((each) => each.name === name),
          name,
        );
        workshop.become(mutant);
        const finding = await detect(mutant, workshop.folder);
        assert(finding !== undefined, `${name} survives`);
        context.diagnostic(`${name}: ${finding.check} after ${finding.seedsPlayed} seeds`);
      }
    } finally {
      workshop.close();
    }
  });
});
