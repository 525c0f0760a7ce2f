import { utf8 } from '../base/bytes.ts';
import { TAGS_BYTES_MAX, TAGS_MAX } from '../limits/table-limits.ts';
import { TableChangeRefusal } from './table-change-refusal.ts';
import type { Tag } from './table-settings.ts';

export const TOO_MANY_TAGS = 'Number of Tags exceed the current limit for the provided ResourceArn';

/** All tags that a table is to have. Throws TableChangeRefusal `invalid`; texts: measurements of the service (ack-api-quirks). */
export function refuseTags(tags: readonly Tag[]): void {
  if (tags.length > TAGS_MAX) throw new TableChangeRefusal('invalid', TOO_MANY_TAGS);
  const bytes = tags.reduce((sum, { key, value }) => sum + utf8(key).length + utf8(value).length, 0);
  if (bytes <= TAGS_BYTES_MAX) return;
  throw new TableChangeRefusal('invalid', `Tag set size ${bytes} bytes is above max size limit of ${TAGS_BYTES_MAX} bytes`);
}
