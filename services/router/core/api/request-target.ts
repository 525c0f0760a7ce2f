/** The path of a request target and what stands behind its question mark. */
export interface RequestTarget {
  readonly path: string;
  readonly query: string;
}

const ROOT: RequestTarget = { path: '/', query: '' };
const ABSOLUTE = /^https?:\/\/[^/?#]*/i;

/** Reads a target in origin or absolute form (RFC 9112, section 3.2): a server takes both, whatever the host that is named. */
export function requestTarget(target: string): RequestTarget {
  if (target === '/') return ROOT;
  const local = target.replace(ABSOLUTE, '');
  const questionMark = local.indexOf('?');
  const path = questionMark === -1 ? local : local.slice(0, questionMark);
  const query = questionMark === -1 ? '' : local.slice(questionMark + 1);
  // An absolute target may leave the path out; any other one has a path.
  return { path: path === '' && local !== target ? '/' : path, query };
}
