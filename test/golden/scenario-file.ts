/**
 * Scenario files: commands, each followed by `----` and what it printed, then an empty line. Lines that begin with `#` explain.
 * `make golden REWRITE=1` writes the output anew; the difference is reviewed like code.
 */
export interface Step {
  /** Comment lines before the command, with their `#`. */
  readonly comments: readonly string[];
  readonly command: string;
  readonly expected: string;
}

export function parseScenario(text: string): Step[] {
  const steps: Step[] = [];
  const lines = text.split('\n');
  let comments: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    if (line.startsWith('#')) {
      comments.push(line);
      continue;
    }
    if (lines[at + 1] !== '----') throw new Error(`line ${at + 2}: ---- expected behind "${line}"`);
    const output: string[] = [];
    for (at += 2; at < lines.length && lines[at] !== ''; at++) output.push(lines[at] ?? '');
    steps.push({ comments, command: line, expected: output.join('\n') });
    comments = [];
  }
  return steps;
}

export function formatScenario(steps: readonly Step[]): string {
  return steps.map(({ comments, command, expected }) => [...comments, command, '----', expected, ''].join('\n')).join('\n');
}

/** A command's words: `name`, plain arguments, and `key=value` options. */
export interface Words {
  readonly name: string;
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

export function parseCommand(command: string): Words {
  const [name = '', ...rest] = command.split(/\s+/);
  const words: string[] = [];
  const options = new Map<string, string>();
  for (const word of rest) {
    const equals = word.indexOf('=');
    if (equals > 0) options.set(word.slice(0, equals), word.slice(equals + 1));
    else words.push(word);
  }
  return { name, words, options };
}
