/** A program was asked for what makes no sense; the message says what does. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** As make gives it in the environment: an empty value is none. */
export function textSetting(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  return environment[name] === '' ? undefined : environment[name];
}

/** A whole number of `least` or more; undefined: none is given. Throws SettingError. */
export function countSetting(environment: NodeJS.ProcessEnv, name: string, least = 1): number | undefined {
  const text = textSetting(environment, name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new SettingError(`${name} must be a whole number${least === 0 ? '' : ` of ${least} or more`}, not "${text}"`);
}

/** The one of this name; undefined: none is given. Throws SettingError. */
export function nameSetting<T extends { readonly name: string }>(
  environment: NodeJS.ProcessEnv,
  name: string,
  known: readonly T[],
): T | undefined {
  const text = textSetting(environment, name);
  return text === undefined ? undefined : oneOf(known, name, text);
}

/** Those of these names, with commas between them; undefined: none is given. Throws SettingError. */
export function namesSetting<T extends { readonly name: string }>(
  environment: NodeJS.ProcessEnv,
  name: string,
  known: readonly T[],
): T[] | undefined {
  return textSetting(environment, name)
    ?.split(',')
    .map((each) => oneOf(known, name, each));
}

function oneOf<T extends { readonly name: string }>(known: readonly T[], setting: string, name: string): T {
  const found = known.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new SettingError(`${setting}: there is no "${name}"; there are ${known.map((one) => one.name).join(', ')}`);
}

/** Of a program: what `read` says, or one line of what is wrong, and the end with 1. */
export function settingsOrEnd<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
