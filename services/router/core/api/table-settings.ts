import { TABLE_CLASSES } from '../../../shared/placement/table-settings.ts';
import type { TableClass, TableEncryption, TableSettings, Throughput } from '../../../shared/placement/table-settings.ts';
import { NO_MAXIMUM } from '../../../shared/placement/on-demand-change.ts';
import type { TableChange } from '../../../shared/placement/table-change.ts';
import { notSupported, validationError } from './api-error.ts';
import { lengthAtLeast, oneOf } from './constraint.ts';
import { structure } from './field.ts';
import type { Field } from './field.ts';
import { readFlag } from './item-fields.ts';
import type { JsonObject } from './json-object.ts';
import { isGiven } from './placeholders.ts';
import {
  onDemandThroughput,
  readMaxima,
  readNewMaxima,
  readNewWarmThroughput,
  readWarmThroughput,
  warmThroughput as warmThroughputField,
} from './throughput-settings.ts';

/**
 * Settings of tables as CreateTable and UpdateTable take them. Texts and rules: measurements of the service from October 2026
 * (ack-api-quirks), where the documentation has none.
 */

const INVALID = 'One or more parameter values were invalid: ';

export const settingFields: readonly Field[] = [
  { name: 'TableClass', type: { kind: 'string' } },
  { name: 'DeletionProtectionEnabled', type: { kind: 'boolean' } },
  structure('SSESpecification', [
    { name: 'Enabled', type: { kind: 'boolean' } },
    { name: 'SSEType', type: { kind: 'string' }, constraints: [oneOf('AES256', 'KMS')] },
    { name: 'KMSMasterKeyId', type: { kind: 'string' }, constraints: [lengthAtLeast(1)] },
  ]),
  structure('StreamSpecification', [
    { name: 'StreamEnabled', type: { kind: 'boolean' }, notNull: true },
    {
      name: 'StreamViewType',
      type: { kind: 'string' },
      constraints: [oneOf('OLD_IMAGE', 'KEYS_ONLY', 'NEW_AND_OLD_IMAGES', 'NEW_IMAGE')],
    },
  ]),
  onDemandThroughput,
  warmThroughputField,
];

/** The settings of a new table; `throughput` is that of a provisioned one. Throws ValidationException. */
export function readNewTableSettings(input: JsonObject, throughput: Throughput | undefined): Omit<TableSettings, 'tags'> {
  refuseNewStream(input);
  const tableClass = readTableClass(input);
  const encryption = readEncryption(input);
  const maxima = readNewMaxima(input, throughput);
  const warm = readNewWarmThroughput(input, throughput);
  return {
    ...(tableClass === undefined ? undefined : { tableClass }),
    ...(readFlag(input, 'DeletionProtectionEnabled') ? { deletionProtection: true } : undefined),
    ...(encryption === undefined || encryption === 'off' ? undefined : { encryption }),
    ...(maxima === undefined ? undefined : { onDemandThroughput: maxima }),
    ...(warm === undefined ? undefined : { warmThroughput: warm }),
  };
}

/** The changes of settings that UpdateTable asks for. Throws ValidationException. */
export function readSettingChanges(input: JsonObject): Omit<TableChange, 'id' | 'atMs'> {
  const tableClass = readTableClass(input);
  const encryption = isGiven(input, 'SSESpecification') ? (readEncryption(input) ?? 'off') : undefined;
  const maxima = isGiven(input, 'OnDemandThroughput') ? readMaxima(input, NO_MAXIMUM) : undefined;
  const warm = isGiven(input, 'WarmThroughput') ? readWarmThroughput(input) : undefined;
  return {
    ...(tableClass === undefined ? undefined : { tableClass }),
    ...(isGiven(input, 'DeletionProtectionEnabled') ? { deletionProtection: readFlag(input, 'DeletionProtectionEnabled') } : undefined),
    ...(encryption === undefined ? undefined : { encryption }),
    ...(isNothing(maxima) ? undefined : { onDemandThroughput: maxima }),
    ...(isNothing(warm) ? undefined : { warmThroughput: warm }),
  };
}

/** A structure that is absent, or says nothing. */
function isNothing(structure: object | undefined): structure is undefined {
  return structure === undefined || Object.keys(structure).length === 0;
}

function readTableClass(input: JsonObject): TableClass | undefined {
  const given = input.TableClass ?? undefined;
  if (given === undefined) return undefined;
  const tableClass = TABLE_CLASSES.find((one) => one === given);
  if (tableClass !== undefined) return tableClass;
  throw validationError(
    `Invalid table-class parameter provided. Please try again with a valid table-class value: [${TABLE_CLASSES.join(', ')}].`,
  );
}

/** A specification that says nothing asks for nothing. */
function readEncryption(input: JsonObject): TableEncryption | 'off' | undefined {
  const given = (input.SSESpecification ?? {}) as JsonObject;
  const type = given.SSEType ?? undefined;
  const key = (given.KMSMasterKeyId ?? undefined) as string | undefined;
  const isOff = isGiven(given, 'Enabled') && !readFlag(given, 'Enabled');
  if (isOff && type !== undefined) throw validationError(`${INVALID}SSEType can not be specified if Enabled is false`);
  if (isOff && key !== undefined) throw validationError(`${INVALID}KMSMasterKeyId can not be specified if Enabled is false`);
  if (isOff) return 'off';
  if (type === 'AES256') throw validationError(`${INVALID}SSEType AES256 is not supported`);
  if (key !== undefined && type === undefined) throw validationError(`${INVALID}SSEType KMS is required if KMSMasterKeyId is specified`);
  if (type === undefined && !isGiven(given, 'Enabled')) return undefined;
  return key === undefined ? {} : { key };
}

/** There are no streams yet: only a specification that asks for none is taken. */
function refuseNewStream(input: JsonObject): void {
  const given = (input.StreamSpecification ?? undefined) as JsonObject | undefined;
  if (given === undefined) return;
  const hasView = isGiven(given, 'StreamViewType');
  const isOn = readFlag(given, 'StreamEnabled');
  if (isOn && !hasView) throw validationError(`${INVALID}Table is being created with a stream enabled, UpdateViewType is required`);
  if (isOn) throw notSupported('StreamSpecification');
  if (hasView) throw validationError(`${INVALID}Table is being created with a stream disabled, UpdateViewType should not be specified`);
}

/** UpdateTable: a stream that is to be switched on, or off where there is none. Throws ValidationException. */
export function refuseStreamChange(input: JsonObject, tableName: string): void {
  const given = (input.StreamSpecification ?? undefined) as JsonObject | undefined;
  if (given === undefined) return;
  const hasView = isGiven(given, 'StreamViewType');
  if (readFlag(given, 'StreamEnabled')) {
    if (!hasView) throw validationError(`${INVALID}If stream is being enabled then UpdateViewType is required`);
    throw notSupported('StreamSpecification');
  }
  if (hasView) throw validationError(`${INVALID}If stream is being disabled, then UpdateViewType must not be specified`);
  throw validationError(`Table has no stream to disable: TableName: ${tableName}`);
}
