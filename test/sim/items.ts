import { TABLE } from './cluster.ts';
import type { ApiCall, Json } from './clients.ts';

/** The workloads' items: a key `pk`, a number `v`, and padding `p` where something is to weigh. */

/** Placeholders for numbers. */
function valuesOf(numbers: Readonly<Record<string, number>>): Json {
  return { ExpressionAttributeValues: Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, { N: String(value) }])) };
}

/** When a write takes place, in the API's fields. */
export interface ConditionFields {
  readonly condition: string;
  readonly values?: Readonly<Record<string, number>>;
}

function conditionFields(fields: ConditionFields | undefined): Json {
  if (fields === undefined) return {};
  return {
    ConditionExpression: fields.condition,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...(fields.values !== undefined && valuesOf(fields.values)),
  };
}

function keyOf(name: string): Json {
  return { TableName: TABLE, Key: { pk: { S: name } } };
}

export function readCall(name: string, consistent: boolean): ApiCall {
  return { action: 'GetItem', input: { ...keyOf(name), ConsistentRead: consistent } };
}

/** A page of everything, strongly consistent, small ones so that there are several. */
export function scanCall(from: Json | undefined): ApiCall {
  const start = from === undefined ? {} : { ExclusiveStartKey: from };
  return { action: 'Scan', input: { TableName: TABLE, ConsistentRead: true, Limit: 50, ...start } };
}

/** Answers with the item that was there before. */
export function putCall(name: string, value: number, padding: number, condition?: ConditionFields): ApiCall {
  const item = { pk: { S: name }, v: { N: String(value) }, ...(padding > 0 && { p: { S: 'x'.repeat(padding) } }) };
  return { action: 'PutItem', input: { TableName: TABLE, Item: item, ReturnValues: 'ALL_OLD', ...conditionFields(condition) } };
}

/** Answers with the item that was there before. */
export function deleteCall(name: string, condition?: ConditionFields): ApiCall {
  return { action: 'DeleteItem', input: { ...keyOf(name), ReturnValues: 'ALL_OLD', ...conditionFields(condition) } };
}

/** Answers with the item as it is afterwards. */
export function updateCall(name: string, update: string, values: Readonly<Record<string, number>>): ApiCall {
  return { action: 'UpdateItem', input: { ...keyOf(name), UpdateExpression: update, ReturnValues: 'ALL_NEW', ...valuesOf(values) } };
}

/** The number in an answer's item; undefined when it has none. */
export function valueIn(answer: Json): number | undefined {
  const item = (answer['Item'] ?? answer['Attributes']) as Readonly<Record<string, { readonly N?: string }>> | undefined;
  if (item === undefined) return undefined;
  const number = item['v']?.N;
  if (number === undefined) throw new Error(`an item without its number: ${JSON.stringify(item)}`);
  return Number(number);
}
