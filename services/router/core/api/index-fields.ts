import { NON_KEY_ATTRIBUTES_MAX } from '../../../shared/limits/table-limits.ts';
import { KEY_ATTRIBUTE_NAME_BYTES_MAX } from '../../../shared/limits/api-limits.ts';
import { lengthAtLeast, lengthAtMost, listMembers, nameCharacters, oneOf } from './constraint.ts';
import { structure } from './field.ts';
import type { Field, ValueType } from './field.ts';
import { keySchema } from './key-schema.ts';
import { provisionedThroughput } from './provisioned-throughput.ts';
import { onDemandThroughput, warmThroughput } from './throughput-settings.ts';

/** How CreateTable and UpdateTable describe secondary indexes. */

const nameOfIndex: Field = {
  name: 'IndexName',
  type: { kind: 'string' },
  notNull: true,
  // The service tells of the length first (ack-api-quirks, DDB-TABLE-457).
  constraints: [lengthAtLeast(3), nameCharacters, lengthAtMost(255)],
};

/** The rules for how many attributes there may be of each kind are not among the constraints. */
const globalKeySchema: Field = { ...keySchema, constraints: [lengthAtLeast(1)] };

const projection: Field = {
  ...structure('Projection', [
    { name: 'ProjectionType', type: { kind: 'string' }, constraints: [oneOf('ALL', 'INCLUDE', 'KEYS_ONLY')] },
    {
      name: 'NonKeyAttributes',
      type: { kind: 'list', member: { kind: 'string' } },
      constraints: [
        lengthAtLeast(1),
        lengthAtMost(NON_KEY_ATTRIBUTES_MAX),
        listMembers(lengthAtMost(KEY_ATTRIBUTE_NAME_BYTES_MAX), lengthAtLeast(1)),
      ],
    },
  ]),
  notNull: true,
};

export const localSecondaryIndexes: Field = {
  name: 'LocalSecondaryIndexes',
  type: listOf('LocalSecondaryIndex', [nameOfIndex, keySchema, projection]),
};

const throughputFields = [provisionedThroughput, onDemandThroughput, warmThroughput];

export const globalSecondaryIndexes: Field = {
  name: 'GlobalSecondaryIndexes',
  type: listOf('GlobalSecondaryIndex', [nameOfIndex, globalKeySchema, projection, ...throughputFields]),
};

export const globalSecondaryIndexUpdates: Field = {
  name: 'GlobalSecondaryIndexUpdates',
  type: listOf('GlobalSecondaryIndexUpdate', [
    action('Update', 'UpdateGlobalSecondaryIndexAction', [nameOfIndex, ...throughputFields]),
    action('Create', 'CreateGlobalSecondaryIndexAction', [projection, nameOfIndex, globalKeySchema, ...throughputFields]),
    action('Delete', 'DeleteGlobalSecondaryIndexAction', [nameOfIndex]),
  ]),
};

function action(name: string, java: string, fields: readonly Field[]): Field {
  return { name, type: { kind: 'structure', java, fields } };
}

function listOf(java: string, fields: readonly Field[]): ValueType {
  return { kind: 'list', member: { kind: 'structure', java, fields, asMember: true } };
}
