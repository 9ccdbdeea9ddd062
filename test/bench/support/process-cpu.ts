/** CPU time of processes, from Linux. */
import { readFileSync } from 'node:fs';

/** CPU time that the process has used, seconds; Linux counts it in hundredths. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
