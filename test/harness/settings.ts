/** A program was asked for what makes no sense; the message says what does. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** As make gives it in the environment: an empty value is none. */
export function textSetting(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  return environment[name] === '' ? undefined : environment[name];
}

/** A whole number of 1 or more; undefined: none is given. Throws SettingError. */
export function countSetting(environment: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = textSetting(environment, name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < 1) throw new SettingError(`${name} must be a whole number of 1 or more, not "${text}"`);
  return value;
}

/** Those of these names, with commas between them; undefined: none is given. Throws SettingError. */
export function namesSetting<T extends { readonly name: string }>(
  environment: NodeJS.ProcessEnv,
  name: string,
  known: readonly T[],
): T[] | undefined {
  return textSetting(environment, name)
    ?.split(',')
    .map((each) => {
      const found = known.find((one) => one.name === each);
      if (found === undefined)
        throw new SettingError(`${name}: there is no "${each}"; there are ${known.map((one) => one.name).join(', ')}`);
      return found;
    });
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
