import { readFileSync } from 'node:fs';

/** One request of sigv4-cases.txt, which says what the lines mean. */
export interface SigV4Case {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  /** As sent, without those that signing adds. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly token: string | undefined;
  readonly tokenUnsigned: boolean;
  readonly byHeader: SignedForm;
  readonly byQuery: SignedForm;
}

export interface SignedForm {
  readonly signature: string;
  /** Lines of the canonical request. */
  readonly canonical: readonly string[];
}

/** Reads the file, given by its path. */
export function readSigV4Cases(path: string): SigV4Case[] {
  const blocks = readFileSync(path, 'utf8')
    .split(/^case /m)
    .slice(1);
  return blocks.map((block) => {
    const [name = '', ...lines] = block.trimEnd().split('\n');
    const values = (keyword: string): string[] =>
      lines.filter((line) => line === keyword || line.startsWith(`${keyword} `)).map((line) => line.slice(keyword.length + 1));
    const [method = '', target = ''] = splitOnce(values('request')[0] ?? '', ' ');
    return {
      name,
      method,
      target,
      headers: values('send').map((line) => splitOnce(line.replaceAll('\\n', '\n'), ':')),
      body: values('body')[0] ?? '',
      token: values('token')[0],
      tokenUnsigned: values('token-unsigned').length > 0,
      byHeader: signedForm(lines, 'signed-by-header '),
      byQuery: signedForm(lines, 'signed-by-query '),
    };
  });
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** A signature with the indented lines below it; an empty one stands for an empty line of the canonical request. */
function signedForm(lines: readonly string[], keyword: string): SignedForm {
  const start = lines.findIndex((line) => line.startsWith(keyword));
  const after = lines.slice(start + 1);
  const end = after.findIndex((line) => line !== '' && !line.startsWith('  '));
  const canonical = (end === -1 ? after : after.slice(0, end)).map((line) => line.slice(2));
  return { signature: (lines[start] ?? '').slice(keyword.length), canonical };
}
