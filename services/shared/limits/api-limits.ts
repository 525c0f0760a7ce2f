import { KIB, MIB, MINUTE_MS, SECOND_MS } from '../base/units.ts';
import { NESTING_LEVELS_MAX } from './item-limits.ts';

/**
 * Quotas of the DynamoDB API ("Quotas in Amazon DynamoDB" of the Developer Guide unless said otherwise) and the bounds of our
 * own that keep one request from harming others.
 */

/**
 * Requests whose bodies are longer, or have more tokens, are worked on in a thread beside the loop. Our choice: what fits took at
 * most 8 ms of the loop when it was measured, sets of shuffled numbers with exponents being the dearest at 4 µs a member.
 */
export const INLINE_BODY_BYTES_MAX = 128 * KIB;
export const INLINE_TOKENS_MAX = 2000;
/** Items longer than this altogether have a projection applied in the thread, in portions of so many bytes. Our choice. */
export const INLINE_PROJECTED_BYTES_MAX = 32 * KIB;
export const PROJECTED_PORTION_BYTES = 512 * KIB;
/** Bytes of bodies and items that wait for the thread or are worked on there; more are refused. Our choice: seconds of its work. */
export const LARGE_REQUEST_BYTES_MAX = 64 * MIB;
/** The heap of that thread: an item of small tokens takes ten times its bytes. */
export const LARGE_REQUEST_HEAP_BYTES_MAX = 1024 * MIB;
/** Item bytes that one turn of the loop copies, hashes or sends on behalf of one request. Our choice: about a millisecond. */
export const TURN_BYTES_MAX = 512 * KIB;

/**
 * Brackets open at once in a body. Each level of an attribute value opens two, its type object and its collection; the deepest
 * frame around an item is BatchWriteItem's (body, RequestItems, list, request, PutRequest, Item), and one more level is let
 * through so that the item's own check gives the answer for the first level too many.
 */
export const BODY_DEPTH_MAX = 2 * (NESTING_LEVELS_MAX + 2) + 6;
/** Brackets, commas and colons outside strings. Our choice: 400 KB of the smallest list elements fit; a second of parsing does not. */
export const BODY_TOKENS_MAX = 500_000;
/** Bytes outside strings, so that blank space cannot occupy the loop either. Our choice. */
export const BODY_STRUCTURE_BYTES_MAX = 4 * MIB;

/** A request's clock may differ from ours by this much ("Signature expired … - 15 min." is the service's text). */
export const SIGNATURE_SKEW_MAX_MS = 15 * MINUTE_MS;
/** Signing keys kept, one for each secret, day and region. Our choice; more keys in use than this cost time, nothing else. */
export const SIGNING_KEYS_CACHED = 4096;
/** An Authorization header longer than this is refused. Our choice; the SDKs' are under 400 bytes. */
export const AUTHORIZATION_BYTES_MAX = 4 * KIB;
/** Names in SignedHeaders. Our choice; the SDKs sign about ten. */
export const SIGNED_HEADERS_MAX = 100;

export const TABLE_NAME_BYTES_MIN = 3;
export const TABLE_NAME_BYTES_MAX = 255;
/** Attribute names that a key uses. */
export const KEY_ATTRIBUTE_NAME_BYTES_MAX = 255;
/** Read or write units of a table that CreateTable takes; the text is "Given value … for ReadCapacityUnits is out of bounds". */
export const CAPACITY_UNITS_MAX = 1_000_000_000_000;

/** A placeholder, with its `#` or `:`: "Expression parameters" of the quotas. */
export const PLACEHOLDER_KEY_BYTES_MAX = 255;
/** Names and values of one request with their placeholders, alone and together: "Expression parameters" of the quotas. */
export const PLACEHOLDER_BYTES_MAX = 2 * MIB;

export const BATCH_GET_KEYS_MAX = 100;
export const BATCH_GET_BYTES_MAX = 16 * MIB;
/** The JSON of those 16 MB: base64 is a third longer, lists of empty values several times. Our choice. */
export const BATCH_GET_TEXT_BYTES_MAX = 32 * MIB;
/** Keys of a BatchGetItem that are asked for first, and bytes of items that are then expected at a time. Our choice. */
export const BATCH_GET_WAVE_KEYS = 16;
export const BATCH_GET_WAVE_BYTES = 4 * MIB;
/** Bytes of items held for answers that are not whole yet; above it BatchGetItem gives keys back and pages end early. Our choice. */
export const READ_BYTES_HELD_MAX = 256 * MIB;
export const BATCH_WRITE_REQUESTS_MAX = 25;
/** Sum of the sizes of what a Query or Scan evaluates for one page, before the filter. */
export const PAGE_BYTES_MAX = MIB;
export const SCAN_SEGMENTS_MAX = 1_000_000;
export const LIST_TABLES_LIMIT_MAX = 100;

export const READ_UNIT_BYTES = 4 * KIB;
export const WRITE_UNIT_BYTES = KIB;

/** Constraint violations that one message lists. */
export const CONSTRAINT_ERRORS_MAX = 10;
/** A message is cut here whatever it echoes: names and values of a request can be megabytes. Our choice. */
export const MESSAGE_CHARACTERS_MAX = 8192;
/** A value that an error message echoes is cut here. Our choice: an answer must not carry a whole bad request back. */
export const ECHOED_VALUE_CHARACTERS_MAX = 2048;

/** A request that is not answered after this is given up; see the router's `--request-timeout`. */
export const REQUEST_TIMEOUT_MS = 5 * SECOND_MS;
/** CreateTable and DeleteTable wait this long for the auto-admin. */
export const TABLE_CHANGE_TIMEOUT_MS = 10 * SECOND_MS;
/** DescribeLimits waits this long for an auto-admin. Our choice. */
export const QUOTAS_TIMEOUT_MS = 2 * SECOND_MS;
/** How long a request for an unknown table waits for the newest catalog. */
export const CATALOG_REFRESH_TIMEOUT_MS = 2 * SECOND_MS;
/** The longest request ("Service, account, and table quotas", BatchWriteItem), compressed or not. */
export const BODY_BYTES_MAX = 16 * MIB;
/** DEFLATE gives at most so many bytes for one (zlib's technical details). */
export const GZIP_RATIO_MAX = 1032;
/** Shorter answers are sent as they are to clients that take gzip. Our choice: they fit into one packet or two. */
export const GZIP_ANSWER_BYTES_MIN = 2 * KIB;
/** Bytes of request bodies that a router works on at once; more are refused. */
export const REQUEST_BYTES_IN_FLIGHT_MAX = 256 * MIB;
/** Requests that a router works on at once; more are refused. */
export const REQUESTS_IN_FLIGHT_MAX = 10_000;

/** Parsed expressions kept, by text. */
export const EXPRESSIONS_CACHED = 10_000;
/** And by the characters of their texts: parsed, one character was seen to take up to 110 bytes. Our choice. */
export const EXPRESSION_CHARACTERS_CACHED = 256 * KIB;
/** Names in AttributesToGet; recorded by the authors of dynalite. */
export const ATTRIBUTES_TO_GET_MAX = 255;
