import { parseArgs } from 'node:util';
import { z } from 'zod';

/**
 * Options of a process: one table gives flag (`--page-cache-bytes`), environment variable (`STATOR_PAGE_CACHE_BYTES`), type,
 * default, unit and one sentence; parsing, checking, `--help` and the line printed at start follow from it. A flag goes
 * before the environment, the environment before the default.
 */

/** One row of the table. Made by the functions below, and by `optional` and `secret` around them. */
export interface OptionDefinition<T> {
  /** One sentence, for `--help`. */
  readonly help: string;
  /** What to write: `host:port`, `integer`, `on|off`… */
  readonly form: string;
  readonly unit?: string;
  readonly schema: z.ZodType<T, string>;
  /** Text of the default. */
  readonly fallback?: string;
  /** May be left out without a default. */
  readonly optional?: boolean;
  /** Never shown. */
  readonly secret?: boolean;
}

/** The table of a process, by the camel-case names of its values. */
export type OptionTable<Values> = { readonly [Key in keyof Values]: OptionDefinition<Values[Key]> };

/** What a table gives. */
export type OptionValues<Table> = { readonly [Key in keyof Table]: Table[Key] extends OptionDefinition<infer Value> ? Value : never };

/** Options as parsed, or a request for help. */
export type ParsedOptions<Values> =
  | { readonly kind: 'values'; readonly values: Values /** For the log: secrets are masked. */; readonly shown: Record<string, string> }
  | { readonly kind: 'help'; readonly text: string };

/** Wrong options, all of them at once: one line each, naming flag and environment variable. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

interface Described {
  readonly help: string;
  readonly default?: string;
}

/** Any text that is not empty. */
export function textOption(row: Described): OptionDefinition<string> {
  return option(row, 'text', z.string().min(1, 'must not be empty'));
}

/** `[a-z0-9-]`, 1 to 63 of them: names of processes, AZs and regions. */
export function nameOption(row: Described): OptionDefinition<string> {
  return option(row, 'name', z.string().regex(/^[a-z0-9-]{1,63}$/, 'must be 1 to 63 of a-z, 0-9 and -'));
}

/** `host:port`, port 0 to 65535; IPv6 addresses in brackets. */
export function addressOption(row: Described): OptionDefinition<string> {
  return option(row, 'host:port', addressSchema());
}

/** Addresses separated by commas; at least one. */
export function addressesOption(row: Described): OptionDefinition<readonly string[]> {
  const schema = z
    .string()
    .transform((list) => list.split(',').map((one) => one.trim()))
    .pipe(z.array(addressSchema()).min(1));
  return option(row, 'host:port,…', schema);
}

/** A whole number of `min` to `max`. */
export function integerOption(
  row: Omit<Described, 'default'> & { readonly unit?: string; readonly min?: number; readonly max?: number; readonly default?: number },
): OptionDefinition<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = row;
  const range = `must be a whole number of ${min} to ${max}`;
  const schema = z
    .string()
    .regex(/^[0-9]+$/, range)
    .transform(Number)
    .pipe(z.number().min(min, range).max(max, range));
  const definition = option({ help: row.help, ...(row.default !== undefined && { default: String(row.default) }) }, 'integer', schema);
  return row.unit === undefined ? definition : { ...definition, unit: row.unit };
}

/** One of several words. */
export function choiceOption<const Word extends string>(
  words: readonly [Word, ...Word[]],
  row: Omit<Described, 'default'> & { readonly default?: Word },
): OptionDefinition<Word> {
  return option(row, words.join('|'), z.enum(words));
}

/** The option may be left out: undefined then. */
export function optional<T>(definition: OptionDefinition<T>): OptionDefinition<T | undefined> {
  return { ...definition, schema: definition.schema as z.ZodType<T | undefined, string>, optional: true };
}

/** The value is masked wherever options are shown. */
export function secret<T>(definition: OptionDefinition<T>): OptionDefinition<T> {
  return { ...definition, secret: true };
}

/** `--page-cache-bytes` for `pageCacheBytes`. */
export function flagOf(key: string): string {
  return `--${kebabCase(key)}`;
}

/** `STATOR_PAGE_CACHE_BYTES` for `pageCacheBytes`. */
export function environmentNameOf(key: string): string {
  return `STATOR_${kebabCase(key).replaceAll('-', '_').toUpperCase()}`;
}

/**
 * Options of a process from its arguments (without node and script) and its environment. An environment variable that is set
 * to nothing counts as not set. Throws OptionsError.
 */
export function parseOptions<Values>(
  program: { readonly name: string; readonly description: string },
  table: OptionTable<Values>,
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedOptions<Values> {
  const rows = Object.entries<OptionDefinition<unknown>>(table);
  const flags = parseFlags(rows, argv);
  if (flags['help'] === true) return { kind: 'help', text: helpText(program, rows) };
  const values: Record<string, unknown> = {};
  const shown: Record<string, string> = {};
  const problems: string[] = [];
  for (const [key, definition] of rows) {
    const given = flags[kebabCase(key)] ?? (environment[environmentNameOf(key)] || undefined) ?? definition.fallback;
    if (given === undefined) {
      values[key] = undefined;
      if (definition.optional !== true) problems.push(`${flagOf(key)} (or ${environmentNameOf(key)}) is missing: ${definition.help}`);
      continue;
    }
    const parsed = definition.schema.safeParse(given);
    if (parsed.success) values[key] = parsed.data;
    else problems.push(`${flagOf(key)} (or ${environmentNameOf(key)}): ${parsed.error.issues[0]?.message}${shownValue(definition, given)}`);
    shown[key] = definition.secret === true ? '***' : String(given);
  }
  if (problems.length > 0) throw new OptionsError(problems);
  return { kind: 'values', values: values as Values, shown };
}

type Row = readonly [key: string, definition: OptionDefinition<unknown>];

function parseFlags(rows: readonly Row[], argv: readonly string[]): Record<string, string | boolean | undefined> {
  const options: Record<string, { type: 'string' | 'boolean' }> = { help: { type: 'boolean' } };
  for (const [key] of rows) options[kebabCase(key)] = { type: 'string' };
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new OptionsError([error instanceof Error ? error.message : String(error)]);
  }
}

function shownValue(definition: OptionDefinition<unknown>, given: unknown): string {
  return definition.secret === true ? '' : `, not ${JSON.stringify(given)}`;
}

function helpText(program: { readonly name: string; readonly description: string }, rows: readonly Row[]): string {
  const paragraphs = rows.map(([key, definition]) => {
    const { help, form, unit, fallback } = definition;
    const absent = fallback !== undefined ? `default: ${fallback}` : definition.optional === true ? 'optional' : 'required';
    const type = unit === undefined ? form : `${form}, ${unit}`;
    return `  ${flagOf(key)} <${type}>\n      ${help}\n      ${absent}; environment: ${environmentNameOf(key)}\n`;
  });
  return `${program.name}: ${program.description}\n\nOptions:\n${paragraphs.join('\n')}\n  --help\n      Shows this text.\n`;
}

function option<T>(row: Described, form: string, schema: z.ZodType<T, string>): OptionDefinition<T> {
  const definition = { help: row.help, form, schema };
  return row.default === undefined ? definition : { ...definition, fallback: row.default };
}

function addressSchema(): z.ZodType<string, string> {
  const pattern = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(?<port>[0-9]{1,5})$/;
  return z.string().refine((value) => {
    const port = pattern.exec(value)?.groups?.['port'];
    return port !== undefined && Number(port) <= 65_535;
  }, 'must be host:port');
}

function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
