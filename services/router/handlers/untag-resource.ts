import { TAGS_MAX } from '../../shared/limits/table-limits.ts';
import { TOO_MANY_TAGS } from '../../shared/placement/table-tags.ts';
import { validationError } from '../core/api/api-error.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { readResourceArn, resourceArn } from '../core/api/resource-arn.ts';
import { changeTags } from '../core/api/tag-change.ts';
import { readTagKey } from '../core/api/tags.ts';
import { defineAction } from './action.ts';

interface UntagResourceRequest {
  readonly table: string;
  readonly keys: readonly string[];
}

const shape = new RequestShape([resourceArn, { name: 'TagKeys', type: { kind: 'list', member: { kind: 'string' } }, notNull: true }]);

function read(input: JsonObject, context: RequestContext): UntagResourceRequest {
  const table = readResourceArn(input, 'UntagResource', context);
  const given = input.TagKeys as readonly unknown[];
  if (given.length === 0) throw validationError('Atleast one Tag Key needs to be provided as Input.');
  if (given.length > TAGS_MAX) throw validationError(TOO_MANY_TAGS);
  return { table, keys: given.map(readTagKey) };
}

function run(request: UntagResourceRequest, context: RequestContext): Promise<Buffer> {
  return changeTags(request.table, { removeTags: request.keys }, context);
}

export const untagResource = defineAction({ name: 'UntagResource', shape, read, run });
