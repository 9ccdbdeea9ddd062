/** All that findings rest on. */
import type { Topology } from '../../model/topology.ts';
import type { Ejection, ProxyStatus } from '../../collect/collector.ts';
import type { Decision } from '../../../contract/decision.ts';
import type { PolicyView } from '../../../contract/policy-status.ts';
import type { ManualWeight } from '../../decide/settings.ts';

export interface KnownState {
  /** Controller's clock, ms. */
  readonly now: number;
  readonly decision: Decision;
  readonly topology: Topology;
  readonly policies: readonly PolicyView[];
  readonly proxies: readonly ProxyStatus[];
  readonly ejections: readonly Ejection[];
  readonly manual: readonly ManualWeight[];
  /** Nodes whose agents listen for weights. */
  readonly connected: ReadonlySet<string>;
}
