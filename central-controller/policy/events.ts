/** Events of a policy, as `kubectl describe lbp` lists them. Pure. docs/reference/events-and-conditions.md has them. */
import { createHash } from 'node:crypto';
import type { PolicyCondition, PolicyReason, PolicyStatus } from '../../contract/policy-status.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { Observed } from '../kubernetes/observed-objects.ts';
import { describeManifest, type Manifest, namespaceOf } from '../kubernetes/manifest.ts';
import type { WriteDone } from '../routing/route-writer.ts';

/** Longest note that an Event may have. */
const MAX_MESSAGE = 1024;
/** What is left of a name's 253 characters before the digest. */
const MAX_PREFIX = 236;

export interface PolicyEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: PolicyReason | 'RoutingWritten' | 'RoutingRemoved';
  readonly message: string;
}

/** Reasons that the user asked for, or that pass without help. */
const HARMLESS: ReadonlySet<PolicyReason> = new Set<PolicyReason>([
  'NotEnforced',
  'Off',
  'Learning',
  'Unmeasured',
  'InProgress',
]);

/** One event per condition that changed; `Ready` gets none where it repeats another condition. */
export function eventsOfChange(before: PolicyStatus | undefined, next: PolicyStatus): PolicyEvent[] {
  const events = (next.conditions ?? []).filter((condition) => isNews(before, condition)).map(eventOf);
  return [...new Map(events.map((event) => [event.reason, event])).values()];
}

function isNews(before: PolicyStatus | undefined, { type, status, reason }: PolicyCondition): boolean {
  const old = before?.conditions?.find((condition) => condition.type === type);
  if (old?.status === status && old.reason === reason) return false;
  return reason !== 'NotAccepted' && reason !== 'InProgress' && !(reason === 'NotEnforced' && !old);
}

function eventOf({ status, reason, message }: PolicyCondition): PolicyEvent {
  return { type: status === 'True' || HARMLESS.has(reason) ? 'Normal' : 'Warning', reason, message };
}

/** One event for all writes of one round. */
export function eventsOfWrites(done: readonly WriteDone[]): PolicyEvent[] {
  const made = done.filter(({ outcome }) => outcome.ok);
  const event = (reason: PolicyEvent['reason'], verb: string, writes: readonly WriteDone[]): PolicyEvent[] => {
    if (writes.length === 0) return [];
    const names = writes.map(({ write }) => describeManifest(write.object)).join(', ');
    return [{ type: 'Normal', reason, message: `${verb} ${names}` }];
  };
  return [
    ...event(
      'RoutingWritten',
      'Wrote',
      made.filter(({ write }) => !isRemoval(write)),
    ),
    ...event(
      'RoutingRemoved',
      'Removed',
      made.filter(({ write }) => isRemoval(write)),
    ),
  ];
}

/** Applying a Service without labels removes the label that Ballast applied before. */
function isRemoval({ verb, object }: WriteDone['write']): boolean {
  return verb === 'delete' || (object.kind === 'Service' && object.metadata.labels === undefined);
}

/**
 * The Event object. Its name is a digest of its text, so that a repetition raises the count of the same object.
 * @param at times of the first and the last occurrence, ms since 1970
 */
export function eventObject(
  policy: Observed<LoadBalancingPolicy>,
  { type, reason, message }: PolicyEvent,
  count: number,
  at: { readonly first: number; readonly last: number },
): Manifest & Record<string, unknown> {
  const { name, uid } = policy.metadata;
  const digest = createHash('sha256').update(`${uid} ${reason} ${message}`).digest('hex').slice(0, 16);
  const { apiVersion, kind } = policy;
  const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, MAX_PREFIX)}.${digest}`, namespace: namespaceOf(policy) },
    involvedObject: { apiVersion, kind, name, namespace: namespaceOf(policy), uid },
    type,
    reason,
    message: message.slice(0, MAX_MESSAGE),
    count,
    firstTimestamp: time(at.first),
    lastTimestamp: time(at.last),
    source: { component: 'ballast-controller' },
    reportingComponent: 'ballast-controller',
    reportingInstance: '',
  };
}
