/** One thread of the neighbour: works for a part of each period and sleeps for the rest. */
import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';
import { type DutyCycle, workOfPeriod } from './duty-cycle.ts';

const cycle = workerData as DutyCycle;
const pause = new Int32Array(new SharedArrayBuffer(4));
const start = performance.now();
const startCpu = cpuMs();
let forgivenMs = 0;
let sink = 0;

for (let period = 0; ; period = nextPeriod(period)) {
  const takenMs = cpuMs() - startCpu;
  const plan = workOfPeriod(cycle, performance.now() - start, takenMs, forgivenMs);
  forgivenMs = plan.forgivenMs;
  work(takenMs + plan.workMs, (period + 1) * cycle.periodMs);
}

/** Works until this thread's CPU time reaches `untilCpuMs` or the period ends. */
function work(untilCpuMs: number, endMs: number): void {
  while (cpuMs() - startCpu < untilCpuMs && performance.now() - start < endMs) {
    for (let i = 0; i < 5000; i++) sink = Math.imul(sink ^ i, 0x9e3779b1);
  }
}

function nextPeriod(period: number): number {
  const rest = (period + 1) * cycle.periodMs - (performance.now() - start);
  if (rest > 0) Atomics.wait(pause, 0, 0, rest);
  return Math.max(period + 1, Math.floor((performance.now() - start) / cycle.periodMs));
}

function cpuMs(): number {
  const usage = process.threadCpuUsage();
  return (usage.user + usage.system) / 1000;
}
