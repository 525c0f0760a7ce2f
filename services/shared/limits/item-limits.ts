import { KIB } from '../base/units.ts';

/**
 * Limits of items, attributes and numbers: Developer Guide, "Quotas in Amazon DynamoDB" and "Supported data types and
 * naming rules in Amazon DynamoDB".
 */

/** Attribute names and values together, in DynamoDB's accounting (`item-size.ts`). */
export const ITEM_BYTES_MAX = 400 * KIB;

/** A value of the item itself is at level 1; each list or map around a value adds one. */
export const NESTING_LEVELS_MAX = 32;

/** UTF-8 bytes of one attribute name. */
export const ATTRIBUTE_NAME_BYTES_MAX = 64 * KIB - 1;

/** UTF-8 or raw bytes of a partition-key value of type S or B. */
export const PARTITION_KEY_BYTES_MAX = 2048;

/** UTF-8 or raw bytes of a sort-key value of type S or B. */
export const SORT_KEY_BYTES_MAX = 1024;

/** Digits of a number between its first and its last one that is not zero. */
export const NUMBER_DIGITS_MAX = 38;

/** Power of ten of the first significant digit: the greatest magnitude is 9.99…E+125. */
export const NUMBER_EXPONENT_MAX = 125;

/** Power of ten of the first significant digit: the least magnitude above zero is 1E-130. */
export const NUMBER_EXPONENT_MIN = -130;
