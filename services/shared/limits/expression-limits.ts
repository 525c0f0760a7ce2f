import { MIB } from '../base/units.ts';

/**
 * Limits of the expression language. Source: AWS documentation "Quotas in Amazon DynamoDB", section "Expression parameters",
 * unless another source stands at the line.
 */

/** Longest expression text, bytes of UTF-8, measured as sent: before placeholders are replaced. */
export const EXPRESSION_MAX_BYTES = 4096;

/** Most operators and functions in one expression: comparators, AND, OR, NOT, BETWEEN, IN, + and -, and every function call. */
export const EXPRESSION_MAX_OPERATORS = 300;

/** Most values to the right of IN. */
export const IN_MAX_CANDIDATES = 100;

/**
 * Work that one evaluation of a condition on one item may be, in units of about a character compared; an element of a set, list
 * or map counts COMPARED_ELEMENT_WORK. Our choice: some 100 ms at the worst, and room to look at the largest item 150 times.
 * Without it a text of 4 KB compares two huge values a thousand times, and the partition's leader does nothing else meanwhile.
 */
export const EVALUATION_MAX_WORK = 64 * MIB;
export const COMPARED_ELEMENT_WORK = 16;

/**
 * Attributes and values that one request names in the older parameters (legacy-*.ts), which the service bounds by the request
 * alone. Our choice: compiling so many took some 10 ms of a storage node's loop when it was measured.
 */
export const LEGACY_PLACEHOLDERS_MAX = 1024;

/** Unused placeholders that one message lists, in characters. Our choice: a request can bring 2 MB of them, an answer must not. */
export const LISTED_PLACEHOLDERS_CHARACTERS_MAX = 1024;

/** Most elements of a document path. Source: "Quotas in Amazon DynamoDB", section "Items", nested attribute depth. */
export const PATH_MAX_ELEMENTS = 32;

/** Greatest list index that may be written in a document path: the greatest signed 32-bit number (observed at the service). */
export const LIST_INDEX_MAX = 2_147_483_647;
