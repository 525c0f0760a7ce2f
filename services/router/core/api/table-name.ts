import { TABLE_NAME_BYTES_MAX, TABLE_NAME_BYTES_MIN } from '../../../shared/limits/api-limits.ts';
import { tableNotFound } from './api-error.ts';
import { lengthAtLeast, lengthAtMost, nameCharacters } from './constraint.ts';
import type { Constraint } from './constraint.ts';
import type { Field } from './field.ts';
import type { JsonObject } from './json-object.ts';
import type { RequestContext } from './request-context.ts';

/** `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`: operations take it wherever they take a table's name. */
const TABLE_ARN = /^arn:aws[a-z-]*:dynamodb:([a-z0-9-]*):([0-9]*):table\/([a-zA-Z0-9_.-]{3,255})$/;

/** The same rule for names alone. */
export function orArn(constraint: Constraint): Constraint {
  return { text: constraint.text, holds: (value) => constraint.holds(value) || TABLE_ARN.test(value as string) };
}

/** `TableName` of operations on items. An absent one is listed with the other broken constraints. */
export const tableNameOfItems: Field = {
  name: 'TableName',
  type: { kind: 'string' },
  notNull: true,
  leading: true,
  constraints: [orArn(lengthAtLeast(1)), orArn(lengthAtMost(TABLE_NAME_BYTES_MAX)), orArn(nameCharacters)],
};

/** `TableName` of operations on tables. */
export const tableNameOfTables: Field = { ...tableNameOfItems, required: true };

/** `TableName` of CreateTable, which takes a name only. */
export const newTableName: Field = {
  ...tableNameOfTables,
  constraints: [lengthAtLeast(TABLE_NAME_BYTES_MIN), lengthAtMost(TABLE_NAME_BYTES_MAX), nameCharacters],
};

/** The table that a request names. */
export interface NamedTable {
  readonly name: string;
  /** As the client wrote it: answers repeat an ARN as an ARN (`ConsumedCapacity` of the API reference). */
  readonly writtenAs: string;
}

/** `TableName` of an operation on items, once it was checked. Throws ResourceNotFoundException. */
export function readTableName({ TableName }: JsonObject, { services, account }: RequestContext): NamedTable {
  const writtenAs = TableName as string;
  return { name: plainTableName(writtenAs, services.region, account), writtenAs };
}

export function tableArn(region: string, account: string, name: string): string {
  return `arn:aws:dynamodb:${region}:${account}:table/${name}`;
}

/** The plain name in a checked `TableName`. A table of another region or account is not here: ResourceNotFoundException. */
export function plainTableName(nameOrArn: string, region: string, account: string): string {
  if (!nameOrArn.startsWith('arn:')) return nameOrArn;
  const parts = TABLE_ARN.exec(nameOrArn);
  if (parts === null || parts[1] !== region || parts[2] !== account) throw tableNotFound();
  return parts[3] as string;
}
