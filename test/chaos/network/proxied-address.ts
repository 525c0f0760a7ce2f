/** A proxied process listens where it always does; everybody else finds it so many ports further on, at the proxy. */
const PROXY_PORT_OFFSET = 10;

/** The proxy's address for a process that listens at `address`. */
export function proxiedAddress(address: string): string {
  const colon = address.lastIndexOf(':');
  return `${address.slice(0, colon)}:${proxyPort(Number(address.slice(colon + 1)))}`;
}

export function proxyPort(port: number): number {
  return port + PROXY_PORT_OFFSET;
}
