import type { Glob } from './glob.ts';

/** A policy as it is evaluated: read once, when it is stored or first met. Plain data, so that it can be sent to a thread. */
export interface Policy {
  readonly statements: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny';
  /** Lower-case patterns. */
  readonly actions: readonly Glob[];
  /** NotAction: all but these. */
  readonly exceptActions: boolean;
  readonly resources: readonly ResourcePattern[];
  /** NotResource: all but these. */
  readonly exceptResources: boolean;
  /** All of them must hold. */
  readonly conditions: readonly PolicyCondition[];
}

/**
 * The parts of an ARN between its first five colons, each with its own pattern, so that an asterisk never reaches beyond a colon.
 * The last pattern takes all that is left. Empty: `*`, which alone also stands for actions without a resource.
 */
export type ResourcePattern = readonly Glob[];

export interface PolicyCondition {
  readonly key: ConditionKey;
  /** `single`: the key's one value; otherwise ForAllValues or ForAnyValue over all values that the request has. */
  readonly over: 'single' | 'all' | 'any';
  readonly test: ValueTest;
  /** The value must match none of those listed, instead of one of them. */
  readonly negated: boolean;
  /** Holds where the request has no such key. */
  readonly ifExists: boolean;
}

/** `null` holds when the key is there (`present`) or is not. */
export type ValueTest =
  | { readonly kind: 'equals'; readonly values: readonly string[] }
  | { readonly kind: 'equals-ignoring-case'; readonly lowerCaseValues: readonly string[] }
  | { readonly kind: 'like'; readonly patterns: readonly Glob[] }
  | { readonly kind: 'null'; readonly present: readonly boolean[] };

export interface ConditionKeyDefinition {
  readonly type: 'text' | 'flag';
  /** A request can have several values of it, so that conditions must say whether they speak of all or of any. */
  readonly several: boolean;
}

/** Condition keys that are judged (Service Authorization Reference, "Condition keys for Amazon DynamoDB"). */
export const CONDITION_KEYS = {
  'dynamodb:Attributes': { type: 'text', several: true },
  'dynamodb:EnclosingOperation': { type: 'text', several: false },
  'dynamodb:FullTableScan': { type: 'flag', several: false },
  'dynamodb:LeadingKeys': { type: 'text', several: true },
  'dynamodb:ReturnConsumedCapacity': { type: 'text', several: false },
  'dynamodb:ReturnValues': { type: 'text', several: false },
  'dynamodb:Select': { type: 'text', several: false },
} as const satisfies Readonly<Record<string, ConditionKeyDefinition>>;

export type ConditionKey = keyof typeof CONDITION_KEYS;
