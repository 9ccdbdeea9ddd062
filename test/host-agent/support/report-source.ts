/** Reports with nothing in them but what kind they are, to follow where they go. */
import type { ReportSource } from '../../../host-agent/uplink/reporter.ts';

export interface EmptyReport {
  readonly sequence: number;
  readonly full: boolean;
}

export function emptySource(): ReportSource & { delivered: () => void; readonly deliveries: () => number } {
  let sequence = 0;
  let deliveries = 0;
  return {
    next: (_sample, full) => JSON.stringify({ sequence: sequence++, full } satisfies EmptyReport),
    delivered: () => void deliveries++,
    deliveries: () => deliveries,
  };
}
