/** Work whose only result is that it was done. */

const ROUNDS = 5000;

let sink = 0;

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Keeps the thread busy until it has taken so much CPU time. Where a neighbour or a quota takes the CPU away meanwhile,
 * it lasts longer, as real work would.
 */
export function takeCpu(ms: number): void {
  if (ms === 0) return;
  const end = threadCpuMs() + ms;
  while (threadCpuMs() < end) for (let i = 0; i < ROUNDS; i++) sink = Math.imul(sink ^ i, 0x9e3779b1);
}
