import { ENDPOINT_CACHE_MINUTES } from '../../shared/limits/table-limits.ts';
import type { JsonObject } from '../core/api/json-object.ts';
import type { RequestContext } from '../core/api/request-context.ts';
import { RequestShape } from '../core/api/request-shape.ts';
import { defineAction } from './action.ts';

/** The address by which the client came is the one that it can reach. */
function read(_input: JsonObject, { host, services }: RequestContext): string {
  return host ?? `dynamodb.${services.region}.amazonaws.com`;
}

function run(address: string): Promise<Buffer> {
  return Promise.resolve(Buffer.from(JSON.stringify({ Endpoints: [{ Address: address, CachePeriodInMinutes: ENDPOINT_CACHE_MINUTES }] })));
}

export const describeEndpoints = defineAction({ name: 'DescribeEndpoints', shape: new RequestShape([]), read, run });
