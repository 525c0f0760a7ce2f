import { GIB, KIB, SECOND_MS } from '../base/units.ts';

/** Limits of tables and their settings: "Quotas in Amazon DynamoDB" of the Developer Guide unless said otherwise. */

/** Decreases of a table's throughput on one UTC day that need no pause. */
export const THROUGHPUT_DECREASES_AT_ONCE = 4;
/** Pause before each further one, from the last that was accepted. */
export const THROUGHPUT_DECREASE_PAUSE_MS = 3600 * SECOND_MS;
/** Switches of a table from provisioned to on-demand capacity within the window ("Considerations when switching capacity modes in DynamoDB"). */
export const ON_DEMAND_SWITCHES_MAX = 4;
export const ON_DEMAND_SWITCHES_WINDOW_MS = 24 * 3600 * SECOND_MS;
/** Changes of a table's encryption within a window that need no pause, and the pause before each further one. The window begins with its first change. Measured (ack-api-quirks). */
export const ENCRYPTION_CHANGES_AT_ONCE = 4;
export const ENCRYPTION_CHANGES_WINDOW_MS = 24 * 3600 * SECOND_MS;
export const ENCRYPTION_CHANGE_PAUSE_MS = 6 * 3600 * SECOND_MS;
/** Pause between two changes of a table's deletion protection. Measured (ack-api-quirks). */
export const DELETION_PROTECTION_PAUSE_MS = 15 * SECOND_MS;
/** Tables of one account in a region. */
export const TABLES_MAX = 2500;
/** Tables of one account that are CREATING, UPDATING or DELETING at a time, and those with indexes that are CREATING ("LimitExceededException" of the API reference). */
export const TABLE_OPERATIONS_MAX = 500;
export const INDEXED_CREATIONS_MAX = 250;
/** Read units, and write units, of one table or global index, provisioned or as an on-demand maximum. */
export const TABLE_UNITS_MAX = 40_000;
/** Provisioned read units, and write units, of all tables of one account in a region, their indexes included. */
export const ACCOUNT_UNITS_MAX = 80_000;
/** Changes of a table's class within the window ("Table classes"). */
export const TABLE_CLASS_CHANGES_MAX = 2;
export const TABLE_CLASS_WINDOW_MS = 30 * 24 * 3600 * SECOND_MS;
/** Tags of one table, and their lengths in characters ("Tagging restrictions"). */
export const TAGS_MAX = 50;
export const TAG_KEY_CHARACTERS_MAX = 128;
export const TAG_VALUE_CHARACTERS_MAX = 256;
/** Keys and values of all tags of one table, in UTF-8. Measured (ack-api-quirks). */
export const TAGS_BYTES_MAX = 10 * KIB;
/** Changes of a table whose ids its record keeps. Our choice: a copy of a call that is so many changes late is lost for good. */
export const CHANGES_REMEMBERED = 32;
/** How long clients may remember what DescribeEndpoints said. */
export const ENDPOINT_CACHE_MINUTES = 1440;
/** Secondary indexes of one table ("Quotas in Amazon DynamoDB"). */
export const LOCAL_INDEXES_MAX = 5;
export const GLOBAL_INDEXES_MAX = 20;
/** Attributes of the partition key, and of the sort key, of a global index ("Global secondary indexes: multi-attribute keys"). */
export const INDEX_KEY_ATTRIBUTES_MAX = 4;
/** Attributes that one INCLUDE projection may name ("Projection" of the API reference). */
export const NON_KEY_ATTRIBUTES_MAX = 20;
/** Attributes named by the INCLUDE projections of all indexes of a table together. */
export const PROJECTED_ATTRIBUTES_MAX = 100;
/** Of all items with one partition key, index entries included, in a table with local indexes. */
export const ITEM_COLLECTION_BYTES_MAX = 10 * GIB;
/** Pause between two changes of a table's time to live ("UpdateTimeToLive" of the API reference). */
export const TIME_TO_LIVE_PAUSE_MS = 3600 * SECOND_MS;
