import type { RecordFields } from './record-fields.ts';
import { readNewGlobalIndex } from './table-indexes.ts';
import type { NewGlobalIndex } from './table-indexes.ts';
import { readThroughput, readUnits } from './table-settings.ts';
import type { Throughput } from './table-settings.ts';
import { readMaximaChange } from './on-demand-change.ts';
import type { OnDemandChange } from './on-demand-change.ts';

/** What a client asks for one global index of a table, checked by a router for all that does not depend on the table. */
export type GlobalIndexUpdate =
  | { readonly kind: 'create'; readonly index: IndexCreation }
  | {
      readonly kind: 'update';
      readonly name: string;
      readonly throughput?: Throughput;
      readonly onDemandThroughput?: OnDemandChange;
      readonly warmThroughput?: Partial<Throughput>;
    }
  | { readonly kind: 'delete'; readonly name: string };

/** How warm it is to be at least is known with the table's billing mode. */
export type IndexCreation = Omit<NewGlobalIndex, 'warmThroughput'> & { readonly warmThroughput?: Partial<Throughput> };

/** Throws CatalogRecordError. */
export function readGlobalIndexUpdate(fields: RecordFields): GlobalIndexUpdate {
  const kind = fields.oneOf('kind', ['create', 'update', 'delete'] as const);
  if (kind === 'create') return { kind, index: readCreation(fields.object('index')) };
  const name = fields.text('name');
  if (kind === 'delete') return { kind, name };
  return {
    kind,
    name,
    ...(fields.has('throughput') ? { throughput: readThroughput(fields.object('throughput')) } : {}),
    ...(fields.has('onDemandThroughput') ? { onDemandThroughput: readMaximaChange(fields.object('onDemandThroughput')) } : {}),
    ...(fields.has('warmThroughput') ? { warmThroughput: readUnits(fields.object('warmThroughput')) } : {}),
  };
}

function readCreation(fields: RecordFields): IndexCreation {
  const { warmThroughput: _whole, ...index } = readNewGlobalIndex(fields.without('warmThroughput'));
  return fields.has('warmThroughput') ? { ...index, warmThroughput: readUnits(fields.object('warmThroughput')) } : index;
}
