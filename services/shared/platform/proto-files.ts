import { fileURLToPath } from 'node:url';
import protoLoader from '@grpc/proto-loader';
import type { PackageDefinition } from '@grpc/proto-loader';

/** The compiled file lies in dist/services/shared/platform; proto/ stands beside dist/. */
const PROTO_FOLDER = fileURLToPath(new URL('../../../../proto/', import.meta.url));

/** Files with a service; the others are imported by them. */
const SERVICE_FILES = ['control.proto', 'bulk.proto', 'requests.proto', 'watch.proto', 'admin.proto'];

/** Name of the protobuf package: every full name begins with it. */
export const PROTO_PACKAGE = 'stator.v1';

/** Services, messages and enumerations of proto/, under their full names. Throws when a file is missing or malformed. */
export function loadProtoFiles(): PackageDefinition {
  return protoLoader.loadSync(SERVICE_FILES, {
    includeDirs: [PROTO_FOLDER],
    keepCase: true,
    longs: Number,
    enums: Number,
    arrays: true,
    oneofs: true,
  });
}
