import { equalBytes } from '../../shared/base/bytes.ts';
import type { RequestNumber, Slot } from '../../shared/base/ids.ts';
import type { Digest } from '../../shared/env/digest.ts';
import type { Logger } from '../../shared/env/logger.ts';
import { bindCondition, evaluateCondition, parseCondition } from '../../shared/expression/condition.ts';
import { ROUTER_BOUNDS } from '../../shared/expression/expression-bounds.ts';
import { applyUpdate, bindUpdate, createsItem, parseUpdate, updatedAttributes, type UpdateResult } from '../../shared/expression/update.ts';
import { updatedItemSize } from '../../shared/expression/update-size.ts';
import { parseItem, serializeItem } from '../../shared/item/attribute-map.ts';
import type { AttributeMap } from '../../shared/item/attribute-value.ts';
import { encodeStoredValue, storedItemJson, storedItemSize } from '../../shared/item/stored-value.ts';
import type { PartitionSettings } from '../../shared/placement/partition-settings.ts';
import { type ChangeKind, encodeLogRecord } from '../../shared/wal/log-record.ts';
import type {
  DeleteOperation,
  ExpressionFields,
  PutOperation,
  StorageResponse,
  UpdateOperation,
} from '../../shared/wire/storage-operations.ts';
import { ExpressionCache } from './expression-cache.ts';
import { messageOfFailure } from './failed-request.ts';
import { hasIndexes, refuseUnfitIndexKeys } from './index-key-guard.ts';
import { parseNames, parseValues } from './placeholders.ts';
import { refuseTooLong } from './written-size.ts';

export type WriteOperation = PutOperation | UpdateOperation | DeleteOperation;

/** An answer without its correlation id. */
export type Answer = Omit<StorageResponse, 'id'>;

/** Where and when a write would happen. */
export interface WriteContext {
  readonly slot: Slot;
  readonly timeMs: number;
  readonly request: RequestNumber;
  /** Applied settings of the partition: items must fit into the indexes that they name. */
  readonly settings?: PartitionSettings | undefined;
  /** The record must say what it replaces, for whoever follows the log. */
  readonly keepOldImage?: boolean;
}

/**
 * What a write comes to: a record to propose, whose answer is given once it is applied; or an answer alone, which reveals
 * state and so must wait until that state is surely chosen.
 */
export type WriteOutcome =
  | { readonly record: undefined; readonly answer: Answer }
  | { readonly record: Buffer; readonly newValue: Buffer | undefined; readonly answer: Answer };

/**
 * Evaluates writes on the image that they will find: condition, update, new image, log record, in one synchronous step.
 * Followers evaluate nothing.
 */
export class WriteEvaluator {
  readonly #digest: Digest;
  readonly #logger: Logger;
  readonly #region: string;
  readonly #conditions = new ExpressionCache((text) => parseCondition(text, 'ConditionExpression', ROUTER_BOUNDS));
  readonly #updates = new ExpressionCache((text) => parseUpdate(text, ROUTER_BOUNDS));

  constructor(digest: Digest, logger: Logger, region: string) {
    this.#digest = digest;
    this.#logger = logger;
    this.#region = region;
  }

  /** `old`: the stored value that the write will find, if any. Wrong requests become answers, never exceptions. */
  evaluate(operation: WriteOperation, old: Uint8Array | undefined, context: WriteContext): WriteOutcome {
    try {
      const item = operation.condition === undefined && operation.kind !== 'update' ? undefined : parseOld(old);
      if (operation.condition !== undefined && !this.#holds(operation.condition, operation, item)) {
        return { record: undefined, answer: conditionFailed(operation, old) };
      }
      switch (operation.kind) {
        case 'put':
          return this.#put(operation, old, context);
        case 'delete':
          return this.#delete(operation, old, context);
        case 'update':
          return this.#update(operation, old, item, context);
      }
    } catch (error) {
      const message = messageOfFailure(error, this.#logger);
      return { record: undefined, answer: { status: 'validation', message, oldSize: sizeOf(old) } };
    }
  }

  /** The answer of a write that was executed before, from the images in its record. What it throws is about this request alone. */
  repeat(
    operation: WriteOperation,
    oldImage: Uint8Array | undefined,
    newValue: Uint8Array | undefined,
    oldSize: number,
    slot: Slot,
  ): Answer {
    const answer = { status: 'ok' as const, slot, oldSize, newSize: sizeOf(newValue) };
    if (operation.kind !== 'update') {
      return oldImage === undefined || !operation.returnOld ? answer : { ...answer, item: storedItemJson(oldImage) };
    }
    if (operation.returnValues === 'none') return answer;
    const result = this.#apply(operation, parseOld(oldImage));
    if (result === undefined) return answer;
    return { ...answer, ...this.#returned(operation, oldImage, parseOld(oldImage), result) };
  }

  #holds(text: string, fields: ExpressionFields, item: AttributeMap | undefined): boolean {
    const program = this.#conditions.get(text);
    return evaluateCondition(bindCondition(program, parseNames(fields.names), parseValues(fields.values)), item);
  }

  #put(operation: PutOperation, old: Uint8Array | undefined, context: WriteContext): WriteOutcome {
    if (hasIndexes(context.settings)) refuseUnfitIndexKeys(context.settings, parseItem(operation.item), 'put');
    const newValue = this.#store(operation.key, operation.item, operation.itemSize, context);
    const returned = operation.returnOld && old !== undefined ? { item: storedItemJson(old) } : {};
    const change = old === undefined ? 'insert' : equalBytes(storedItemJson(old), operation.item) ? 'none' : 'modify';
    const record = this.#record(operation, change, old, operation.returnOld, newValue, context);
    const answer: Answer = { status: 'ok', slot: context.slot, oldSize: sizeOf(old), newSize: operation.itemSize, ...returned };
    return { record, newValue, answer };
  }

  #delete(operation: DeleteOperation, old: Uint8Array | undefined, context: WriteContext): WriteOutcome {
    if (old === undefined) return { record: undefined, answer: { status: 'ok', oldSize: 0, newSize: 0 } };
    const returned = operation.returnOld ? { item: storedItemJson(old) } : {};
    const record = this.#record(operation, 'remove', old, operation.returnOld, undefined, context);
    return { record, newValue: undefined, answer: { status: 'ok', slot: context.slot, oldSize: sizeOf(old), newSize: 0, ...returned } };
  }

  #update(operation: UpdateOperation, old: Uint8Array | undefined, item: AttributeMap | undefined, context: WriteContext): WriteOutcome {
    const result = this.#apply(operation, item);
    if (result === undefined) return { record: undefined, answer: { status: 'ok', oldSize: 0, newSize: 0 } };
    // Before it is written out: one that is far too large may have a JSON that is longer than a string can be.
    const size = updatedItemSize('bound' in result ? result.bound : undefined, result.item);
    if (hasIndexes(context.settings)) refuseUnfitIndexKeys(context.settings, result.item, 'update');
    const json = serializeItem(result.item);
    const returned = this.#returned(operation, old, item, result);
    if (old !== undefined && equalBytes(storedItemJson(old), json)) {
      return { record: undefined, answer: { status: 'ok', oldSize: size, newSize: size, ...returned } };
    }
    const newValue = this.#store(operation.key, json, size, context);
    const change = old === undefined ? 'insert' : 'modify';
    const record = this.#record(operation, change, old, operation.returnValues !== 'none', newValue, context);
    return { record, newValue, answer: { status: 'ok', slot: context.slot, oldSize: sizeOf(old), newSize: size, ...returned } };
  }

  /**
   * Without an update expression the item is created from its key alone, or left as it is. Undefined: there is no item, and the
   * update makes none.
   */
  #apply(operation: UpdateOperation, item: AttributeMap | undefined): UpdateResult | { readonly item: AttributeMap } | undefined {
    if (operation.update === '') return { item: item ?? parseItem(operation.keyAttributes) };
    const program = this.#updates.get(operation.update);
    const bound = bindUpdate(program, parseNames(operation.names), parseValues(operation.values));
    const result = applyUpdate(bound, item ?? parseItem(operation.keyAttributes));
    return item === undefined && !createsItem(bound) ? undefined : result;
  }

  #returned(
    operation: UpdateOperation,
    old: Uint8Array | undefined,
    item: AttributeMap | undefined,
    result: UpdateResult | { readonly item: AttributeMap },
  ): { item?: Buffer } {
    switch (operation.returnValues) {
      case 'none':
        return {};
      case 'all-old':
        return old === undefined ? {} : { item: storedItemJson(old) };
      case 'all-new':
        return { item: serializeItem(result.item) };
      case 'updated-old':
        return item === undefined || !('bound' in result) ? {} : returnedAttributes(updatedAttributes(result, item));
      case 'updated-new':
        return 'bound' in result ? returnedAttributes(updatedAttributes(result, result.item)) : {};
    }
  }

  #store(key: Uint8Array, json: Uint8Array, size: number, context: WriteContext): Buffer {
    refuseTooLong(json, context.settings);
    const { slot, timeMs } = context;
    return encodeStoredValue({ flags: 0, size, slot, timeMs, originRegion: this.#region, json }, key, this.#digest);
  }

  #record(
    operation: WriteOperation,
    change: ChangeKind,
    old: Uint8Array | undefined,
    keepOldImage: boolean,
    newValue: Uint8Array | undefined,
    context: WriteContext,
  ): Buffer {
    const record = {
      type: 'write' as const,
      timeMs: context.timeMs,
      request: context.request,
      change,
      identity: USER,
      oldSize: sizeOf(old),
      key: operation.key,
      payload: EMPTY,
      ...((keepOldImage || context.keepOldImage === true) && old !== undefined ? { oldImage: old } : {}),
      ...(newValue === undefined ? {} : { newValue }),
    };
    return encodeLogRecord(record, this.#digest);
  }
}

const EMPTY = new Uint8Array(0);
const USER = { kind: 'user', name: '' } as const;

function parseOld(old: Uint8Array | undefined): AttributeMap | undefined {
  return old === undefined ? undefined : parseItem(storedItemJson(old));
}

function sizeOf(value: Uint8Array | undefined): number {
  return value === undefined ? 0 : storedItemSize(value);
}

function conditionFailed(operation: WriteOperation, old: Uint8Array | undefined): Answer {
  const answer = { status: 'condition-failed' as const, oldSize: sizeOf(old) };
  return old !== undefined && operation.returnOldOnFailure ? { ...answer, item: storedItemJson(old) } : answer;
}

function returnedAttributes(attributes: AttributeMap): { item?: Buffer } {
  return Object.keys(attributes).length === 0 ? {} : { item: serializeItem(attributes) };
}
