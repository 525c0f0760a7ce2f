import { validationError } from '../core/api/api-error.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { readResourceArn, resourceArn } from '../core/api/resource-arn.ts';
import { changeTags } from '../core/api/tag-change.ts';
import { readTags, tags } from '../core/api/tags.ts';
import type { Tag } from '../../shared/placement/table-settings.ts';
import { defineAction } from './action.ts';

interface TagResourceRequest {
  readonly table: string;
  readonly tags: readonly Tag[];
}

const shape = new RequestShape([resourceArn, { ...tags, notNull: true }]);

function read(input: JsonObject, context: RequestContext): TagResourceRequest {
  const table = readResourceArn(input, 'TagResource', context);
  const given = input.Tags as readonly JsonObject[];
  if (given.length === 0) throw validationError('Atleast one Tag needs to be provided as Input.');
  return { table, tags: readTags(given) };
}

function run(request: TagResourceRequest, context: RequestContext): Promise<Buffer> {
  return changeTags(request.table, { setTags: request.tags }, context);
}

export const tagResource = defineAction({ name: 'TagResource', shape, read, run });
