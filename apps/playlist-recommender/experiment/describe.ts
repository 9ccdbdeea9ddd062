/** What was measured, in lines for people. Pure. */
import type { Measured } from './run-experiment.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

export function describeMeasured(measured: Measured): string {
  const { experiment, effect, commandMs, requests, failed, downtimeMs, longestMs, firstError } = measured;
  const downtime =
    failed === 0
      ? 'none failed'
      : `${failed} failed, ${seconds(downtimeMs)} without an answer, ${seconds(longestMs)} at the longest: ${firstError}`;
  const lines = effect
    ? [
        `${experiment}: ${effect.before.join(', ')} -> ${effect.after.join(', ')}`,
        `first seen after     ${seconds(effect.firstMs)}`,
        `nothing old after    ${seconds(effect.completeMs)}`,
      ]
    : [`${experiment}: the change was not there as a whole in time (--timeout)`];
  return [...lines, `the command took     ${seconds(commandMs)}`, `of ${requests} requests ${downtime}`].join('\n');
}
