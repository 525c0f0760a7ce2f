import { TABLE_NAME_BYTES_MAX, TABLE_NAME_BYTES_MIN } from '../../../shared/limits/api-limits.ts';
import { tableNotFound, validationError } from './api-error.ts';
import { lengthAtLeast, lengthAtMost, nameCharacters } from './constraint.ts';
import type { Constraint } from './constraint.ts';
import type { Field } from './field.ts';
import type { JsonObject } from './json-object.ts';
import type { RequestContext } from './request-context.ts';

/**
 * `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`: operations take it wherever they take a table's name. No other partition is taken: what
 * a policy denies on a table must not be allowed on another spelling of it.
 */
const TABLE_ARN = /^arn:([a-z-]+):dynamodb:([a-z0-9-]*):([0-9]*):([a-z-]+)\/([a-zA-Z0-9_.-]{3,255})$/;

/** The same rule for names alone: an ARN has its own. */
export function orArn(constraint: Constraint): Constraint {
  return { text: constraint.text, holds: (value) => constraint.holds(value) || isArn(value) };
}

/** The rules for ARNs; the texts are those that ExtendDB gives for the service's. */
export const arnRules: readonly Constraint[] = [
  {
    text: `Table name of ARN must have length greater than or equal to ${TABLE_NAME_BYTES_MIN}`,
    holds: (value) => !isArn(value) || !/^arn:[^:]*:dynamodb:[^:]*:[^:]*:table\/.{0,2}$/s.test(value as string),
  },
  {
    text:
      "Valid ARN format is 'arn:<awsPartition>:<vendor>:<region>:<subscriber>:resourceType/resourceName', where Resource name must have " +
      `length less than or equal to ${TABLE_NAME_BYTES_MAX}, Resource name must have length greater than or equal to ` +
      `${TABLE_NAME_BYTES_MIN}, Resource name must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
    holds: (value) => !isArn(value) || TABLE_ARN.test(value as string),
  },
];

function isArn(value: unknown): boolean {
  return (value as string).startsWith('arn:');
}

/** `TableName` of operations on items. An absent one is listed with the other broken constraints. */
export const tableNameOfItems: Field = {
  name: 'TableName',
  type: { kind: 'string' },
  notNull: true,
  leading: true,
  constraints: [orArn(lengthAtLeast(1)), orArn(lengthAtMost(TABLE_NAME_BYTES_MAX)), orArn(nameCharacters), ...arnRules],
};

/** `TableName` of operations on tables. All that is wrong with it is told. */
export const tableNameOfTables: Field = {
  ...tableNameOfItems,
  required: true,
  constraints: [
    orArn(lengthAtLeast(TABLE_NAME_BYTES_MIN)),
    orArn(lengthAtMost(TABLE_NAME_BYTES_MAX)),
    orArn(nameCharacters),
    ...arnRules.slice(1),
  ],
};

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

export function indexArn(region: string, account: string, table: string, index: string): string {
  return `${tableArn(region, account, table)}/index/${index}`;
}

/** A table of another account was named. What is answered depends on who asks for what: `defineAction` makes it AccessDeniedException. */
export class ForeignTableError extends Error {
  override readonly name = 'ForeignTableError';
  readonly arn: string;

  constructor(arn: string) {
    super(`${arn} is of another account`);
    this.arn = arn;
  }
}

/** The plain name in a checked `TableName`. Throws ValidationException for another partition, kind of resource or region, ForeignTableError for another account. */
export function plainTableName(nameOrArn: string, region: string, account: string): string {
  if (!nameOrArn.startsWith('arn:')) return nameOrArn;
  const parts = TABLE_ARN.exec(nameOrArn);
  if (parts === null) throw tableNotFound();
  const [, partition, ofRegion, owner, type, name] = parts;
  if (type !== 'table') throw validationError(`1 validation error detected: Invalid resource type in '${nameOrArn}'`);
  if (partition !== 'aws') throw validationError(`1 validation error detected: Invalid AWS partition in '${nameOrArn}'`);
  if (owner !== account) throw new ForeignTableError(nameOrArn);
  if (ofRegion !== region) throw validationError(`1 validation error detected: Invalid AWS region in '${nameOrArn}'`);
  return name as string;
}
