import { hasOwnNetwork } from '../own-namespaces.ts';
import { runTool } from '../tools.ts';
import { ALL_PROCESSES, type Fault, sleep, type Victim } from './fault.ts';

const LOSS_LEAST = 0.01;
const LOSS_MOST = 0.3;
const TABLE = ['table', 'inet', 'stator_chaos'];

/** Drops packets between processes at random; those of clients pass. TCP repeats them, with waits that double. */
async function lose(victim: Victim): Promise<void> {
  if (!hasOwnNetwork()) throw new Error('firewall rules are made in a network of its own only');
  const statuses = await Promise.all(ALL_PROCESSES.map((name) => victim.cluster.status(name)));
  const ports = `{ ${statuses.map(({ ports: { grpc } }) => grpc).join(', ')} }`;
  const share = LOSS_LEAST * (LOSS_MOST / LOSS_LEAST) ** victim.random.float();
  const drop = `numgen random mod 1000 < ${Math.round(share * 1000)} drop`;
  await runTool('nft', ['add', ...TABLE]);
  try {
    await runTool('nft', ['add', 'chain', ...TABLE.slice(1), 'input', '{ type filter hook input priority 0; }']);
    victim.began(`${(share * 100).toFixed(1)} % of packets lost for ${victim.secondsMax} s`);
    for (const side of ['sport', 'dport']) await runTool('nft', ['add', 'rule', ...TABLE.slice(1), 'input', 'tcp', side, ports, drop]);
    await sleep(victim.secondsMax * 1000);
  } finally {
    await runTool('nft', ['delete', ...TABLE]);
  }
  victim.healed('healed');
}

export const LOSSES: readonly Fault[] = [
  {
    name: 'loss',
    help: '1 to 30 % of the packets between processes are dropped.',
    surroundings: 'plain',
    needs: ['root', 'network namespaces', 'nft'],
    inflict: lose,
  },
];
