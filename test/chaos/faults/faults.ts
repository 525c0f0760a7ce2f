import { CLOCKS } from './clocks.ts';
import { DAMAGES } from './damages.ts';
import { DISKS } from './disks.ts';
import type { Fault } from './fault.ts';
import { KILLS } from './kills.ts';
import { LOSSES } from './losses.ts';
import { LOST_DISKS } from './lost-disks.ts';
import { NETWORKS } from './networks.ts';
import { OVERLOADS } from './overloads.ts';
import { RECOVERIES } from './recoveries.ts';
import { STOPS } from './stops.ts';

/** Every fault, in the order in which they run. */
export const FAULTS: readonly Fault[] = [
  ...KILLS,
  ...STOPS,
  ...NETWORKS,
  ...LOSSES,
  ...DISKS,
  ...DAMAGES,
  ...LOST_DISKS,
  ...RECOVERIES,
  ...CLOCKS,
  ...OVERLOADS,
];

export function faultNamed(name: string): Fault {
  const fault = FAULTS.find((each) => each.name === name);
  if (fault === undefined) throw new Error(`there is no fault ${name}; there are ${FAULTS.map((each) => each.name).join(', ')}`);
  return fault;
}
