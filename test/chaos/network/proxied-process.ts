import { proxiedAddress } from './proxied-address.ts';

/**
 * A process of the cluster, unchanged, that tells others the proxy's address for its own and looks for others at theirs. Started in
 * the place of its entry file, whose options it gets.
 */
const ADDRESS_OPTIONS = new Set(['--advertise', '--seeds', '--auto-admin']);
const ENTRY_BY_NAME: readonly (readonly [prefix: string, role: string])[] = [
  ['node-', 'storage-node'],
  ['router-', 'router'],
  ['auto-admin-', 'auto-admin'],
];

const { argv } = process;
for (let at = 2; at + 1 < argv.length; at++) {
  if (!ADDRESS_OPTIONS.has(argv[at] ?? '')) continue;
  const addresses = (argv[at + 1] ?? '').split(',');
  argv[at + 1] = addresses.map(proxiedAddress).join(',');
}
const name = argv[argv.indexOf('--name') + 1] ?? '';
const role = ENTRY_BY_NAME.find(([prefix]) => name.startsWith(prefix))?.[1];
if (role === undefined) throw new Error(`no entry file for a process named ${name}`);
await import(new URL(`../../../services/${role}/main.js`, import.meta.url).href);
