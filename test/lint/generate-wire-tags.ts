/**
 * `make gen`: writes services/shared/wire/generated/field-tags.ts from proto/. With `--check` it writes nothing and fails
 * when the file is not what it would write.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';
import { loadProtoFiles, PROTO_PACKAGE } from '../../services/shared/platform/proto-files.ts';

const TARGET = 'services/shared/wire/generated/field-tags.ts';

interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly label: string;
}

interface EnumDescriptor {
  readonly value: readonly { readonly name: string; readonly number: number }[];
}

type AnyMessage = MessageTypeDefinition<object, object>;

const WIRE_TYPES: Readonly<Record<string, number>> = {
  TYPE_BOOL: 0,
  TYPE_ENUM: 0,
  TYPE_UINT32: 0,
  TYPE_UINT64: 0,
  TYPE_BYTES: 2,
  TYPE_MESSAGE: 2,
  TYPE_STRING: 2,
  TYPE_FIXED32: 5,
};

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The key of a field on the wire: number << 3 | wire type. */
function tagOf(message: string, field: FieldDescriptor): number {
  const wireType = WIRE_TYPES[field.type];
  if (wireType === undefined) throw new Error(`${message}.${field.name}: the codec has no ${field.type}`);
  if (field.label === 'LABEL_REPEATED' && wireType !== 2) {
    throw new Error(`${message}.${field.name}: the codec has no packed fields; use bytes or a message`);
  }
  return field.number * 8 + wireType;
}

function messageText(name: string, definition: AnyMessage): string {
  const { field } = definition.type as { field: readonly FieldDescriptor[] };
  if (field.length === 0) return '';
  const lines = [...field].sort((a, b) => a.number - b.number).map((one) => `  ${camelCase(one.name)}: ${tagOf(name, one)},`);
  return `export const ${name}Tags = {\n${lines.join('\n')}\n} as const;\n`;
}

function enumText(name: string, definition: EnumTypeDefinition): string {
  const prefix = `${name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}_`;
  const { value } = definition.type as EnumDescriptor;
  const lines = value.map((one) => {
    if (!one.name.startsWith(prefix)) throw new Error(`${name}: ${one.name} does not begin with ${prefix}`);
    return `  ${one.name.slice(prefix.length)}: ${one.number},`;
  });
  return `export const ${name}Numbers = {\n${lines.join('\n')}\n} as const;\n`;
}

function generate(): string {
  const parts = [
    '// Written by `make gen` from proto/; not edited by hand.\n' +
      '// For each message the key of each field on the wire (number * 8 + wire type), for each enumeration its numbers.\n',
  ];
  const definitions = Object.entries(loadProtoFiles()).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [fullName, definition] of definitions) {
    const name = fullName.slice(PROTO_PACKAGE.length + 1);
    const { format } = definition as { format?: unknown };
    if (typeof format !== 'string') continue; // a service
    const isEnum = format.includes('EnumDescriptorProto');
    const text = isEnum ? enumText(name, definition as EnumTypeDefinition) : messageText(name, definition as AnyMessage);
    if (text !== '') parts.push(text);
  }
  return parts.join('\n');
}

const text = generate();
if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== text) {
    console.error(`${TARGET} does not match proto/: run "make gen" and commit the result`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(TARGET, text);
}
