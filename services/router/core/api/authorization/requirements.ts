import type { JsonObject } from '../json-object.ts';
import { isGiven } from '../placeholders.ts';
import { tableArn } from '../table-name.ts';

/** One action on one resource that a request needs to be allowed, with the part of the request that is about it. */
export interface Requirement {
  /** `dynamodb:GetItem`. */
  readonly action: string;
  /** An ARN, or `*` for an action that has no resource. */
  readonly resource: string;
  /** The table as the request names it; undefined where there is none. */
  readonly table: string | undefined;
  /** The fields that have this table's key, expressions and so on: the request, or its entry for the table. */
  readonly fields: JsonObject;
  /** Items to put, and keys. */
  readonly keyed: readonly JsonObject[];
}

interface Owner {
  readonly region: string;
  readonly account: string;
}

type Rule = (operation: string, input: JsonObject, owner: Owner) => readonly Requirement[];

/**
 * What each operation needs, by the Service Authorization Reference ("Actions, resources, and condition keys for Amazon DynamoDB").
 * An operation that is not listed is allowed to nobody whom a policy binds.
 */
const RULES: Readonly<Record<string, Rule>> = {
  BatchGetItem: (operation, input, owner) => eachTable(operation, input, owner, keysToGet),
  BatchWriteItem: (operation, input, owner) => eachTable(operation, input, owner, writtenItems),
  CreateTable: (operation, input, owner) => [
    ...onTable(operation, input, owner),
    // Seen with the service: hashicorp/terraform-provider-aws issue 10943; an empty list asks for it, too.
    ...(isGiven(input, 'Tags') ? onTable('TagResource', input, owner) : []),
  ],
  DeleteItem: onTable,
  DeleteTable: onTable,
  DescribeEndpoints: onNothing,
  DescribeLimits: onNothing,
  DescribeTable: onTable,
  DescribeTimeToLive: onTable,
  GetItem: onTable,
  // So the service's own messages name it.
  ListTables: (operation, input, { region, account }) => [required(operation, tableArn(region, account, '*'), input)],
  ListTagsOfResource: onResource,
  PutItem: onTable,
  Query: onTableOrIndex,
  Scan: onTableOrIndex,
  TagResource: onResource,
  UntagResource: onResource,
  UpdateItem: onTable,
  UpdateTable: onTable,
  UpdateTimeToLive: onTable,
};

/** `input` was found right. Undefined: nothing is known of the operation. */
export function requirementsOf(operation: string, input: JsonObject, owner: Owner): readonly Requirement[] | undefined {
  return Object.hasOwn(RULES, operation) ? RULES[operation]?.(operation, input, owner) : undefined;
}

/** The account in the ARN of one of the service's resources; undefined for anything else. */
export function accountOf(resource: string): string | undefined {
  return /^arn:aws[a-z-]*:dynamodb:[^:]*:([0-9]*):/.exec(resource)?.[1];
}

function required(operation: string, resource: string, fields: JsonObject, more?: Partial<Requirement>): Requirement {
  return { action: `dynamodb:${operation}`, resource, table: undefined, fields, keyed: [], ...more };
}

function onNothing(operation: string, input: JsonObject): readonly Requirement[] {
  return [required(operation, '*', input)];
}

function onResource(operation: string, input: JsonObject): readonly Requirement[] {
  return [required(operation, input.ResourceArn as string, input)];
}

function onTable(operation: string, input: JsonObject, owner: Owner): readonly Requirement[] {
  const table = input.TableName as string;
  const keyed = (['Item', 'Key'] as const).filter((name) => isGiven(input, name)).map((name) => input[name] as JsonObject);
  return [required(operation, arnOf(table, owner), input, { table, keyed })];
}

/** A request for an index needs the index alone. */
function onTableOrIndex(operation: string, input: JsonObject, owner: Owner): readonly Requirement[] {
  const table = input.TableName as string;
  const arn = arnOf(table, owner);
  return [required(operation, isGiven(input, 'IndexName') ? `${arn}/index/${input.IndexName as string}` : arn, input, { table })];
}

function eachTable(
  operation: string,
  input: JsonObject,
  owner: Owner,
  keyedOf: (entry: unknown) => readonly JsonObject[],
): readonly Requirement[] {
  const entries = input.RequestItems as JsonObject;
  const { ReturnConsumedCapacity } = input;
  return Object.keys(entries).map((table) => {
    const entry = entries[table];
    const fields = { ...(Array.isArray(entry) ? undefined : (entry as JsonObject)), ReturnConsumedCapacity };
    return required(operation, arnOf(table, owner), fields, { table, keyed: keyedOf(entry) });
  });
}

function keysToGet(entry: unknown): readonly JsonObject[] {
  return (entry as JsonObject).Keys as readonly JsonObject[];
}

function writtenItems(entry: unknown): readonly JsonObject[] {
  return (entry as readonly JsonObject[]).map(({ PutRequest, DeleteRequest }) => {
    const put = PutRequest as JsonObject | null | undefined;
    return (put === null || put === undefined ? (DeleteRequest as JsonObject).Key : put.Item) as JsonObject;
  });
}

function arnOf(nameOrArn: string, { region, account }: Owner): string {
  return nameOrArn.startsWith('arn:') ? nameOrArn : tableArn(region, account, nameOrArn);
}
