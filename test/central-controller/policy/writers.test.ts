import { describe, expect, it } from 'vitest';
import { EventWriter } from '../../../central-controller/policy/event-writer.ts';
import { StatusWriter } from '../../../central-controller/policy/status-writer.ts';
import type { PolicyStatus } from '../../../contract/policy-status.ts';
import { ModelCluster } from '../routing/support/model-cluster.ts';
import { RecordingWriter } from '../routing/support/recording-writer.ts';

function policyWith(status?: PolicyStatus) {
  const [policy] = new ModelCluster().objects().policies;
  if (!policy) throw new Error('the model has a policy');
  return { ...policy, ...(status && { status }) };
}

function setUp() {
  const clock = { now: 0 };
  const writer = new RecordingWriter();
  return {
    clock,
    writer,
    statuses: new StatusWriter(writer, () => clock.now),
    events: new EventWriter(writer, () => clock.now),
  };
}

const decidedAt = (tick: number): PolicyStatus => ({
  replicas: 3,
  lastDecision: { time: '2026-01-01T00:00:00Z', tick },
});

describe('a status', () => {
  it('is written when it says something new, and not again', async () => {
    const { clock, writer, statuses } = setUp();
    await statuses.write(policyWith(), { replicas: 3 });
    clock.now = 60_000;
    await statuses.write(policyWith({ replicas: 3 }), { replicas: 3 });
    expect(writer.log).toHaveLength(1);
    await statuses.write(policyWith({ replicas: 3, readyReplicas: 1 }), { replicas: 3 });
    expect(writer.log).toHaveLength(2);
  });

  it('is written at most once a second, and once in ten where only the decision is new', async () => {
    const { clock, writer, statuses } = setUp();
    for (; clock.now < 10_000; clock.now += 250) await statuses.write(policyWith(), { replicas: clock.now });
    expect(writer.log).toHaveLength(10);
    writer.log.length = 0;
    clock.now = 60_000;
    for (; clock.now < 100_000; clock.now += 250) {
      await statuses.write(policyWith(decidedAt(clock.now - 250)), decidedAt(clock.now));
    }
    expect(writer.log).toHaveLength(4);
  });

  it('is tried again ten seconds after it was refused', async () => {
    const { clock, writer, statuses } = setUp();
    writer.refuses = 'status';
    for (; clock.now < 20_000; clock.now += 250) await statuses.write(policyWith(), { replicas: 3 });
    expect(writer.log).toHaveLength(2);
  });
});

describe('an event', () => {
  const event = { type: 'Normal', reason: 'Balanced', message: 'well' } as const;

  it('is told once a minute, however often it happens', async () => {
    const { clock, writer, events } = setUp();
    for (; clock.now < 120_000; clock.now += 1000) await events.write(policyWith(), event);
    expect(writer.log).toHaveLength(2);
  });

  it('is one of at most 50 at once and one a second from then on', async () => {
    const { clock, writer, events } = setUp();
    for (const second of [0, 1]) {
      clock.now = second * 1000;
      for (let at = 0; at < 100; at += 1) await events.write(policyWith(), { ...event, message: `${second} ${at}` });
    }
    expect(writer.log).toHaveLength(51);
  });
});
