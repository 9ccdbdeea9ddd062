/** The plugin's metrics among Envoy's own. */
import { describe, expect, it } from 'vitest';
import {
  answerOf,
  chosen,
  equalReplicas,
  finish,
  HOST,
  poll,
  replica,
  Scene,
  send,
  service,
  spread,
} from './support/scene.ts';

describe("metrics in Envoy's statistics", () => {
  it('count picks and fallbacks by reason, once per tick', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2)), service([replica('echo-0', 0)], { key: `81|${HOST}` })], 5000);
    spread(vm, 30);
    for (let i = 0; i < 4; i++) send(vm, {}, `outbound|81||${HOST}`);
    expect(vm.metrics.get('ballast_picks_total') ?? 0).toBe(0);
    scene.pass(100, vm);
    expect(vm.metrics.get('ballast_picks_total')).toBe(30);
    expect(vm.metrics.get('ballast_fallbacks_without_replica_total')).toBe(4);
    scene.now += 6000;
    for (let i = 0; i < 3; i++) send(vm);
    scene.pass(100, vm);
    expect(vm.metrics.get('ballast_fallbacks_without_table_total')).toBe(3);
    expect(vm.metrics.get('ballast_picks_total')).toBe(30);
  });

  it('have the number and age of the table, and number 0 once it has expired', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(2))], 4000);
    scene.pass(3000, vm);
    expect(vm.metrics.get('ballast_table_version')).toBe(1);
    expect(vm.metrics.get('ballast_services_held')).toBe(1);
    expect(vm.metrics.get('ballast_table_age_seconds')).toBe(3);
    scene.pass(2000, vm);
    expect(vm.metrics.get('ballast_table_version')).toBe(0);
    expect(vm.metrics.get('ballast_table_age_seconds')).toBe(5);
  });

  it('tell a proxy that calls nothing from one without an agent', () => {
    const scene = new Scene();
    const vm = scene.vm();
    scene.pass(1000, vm);
    expect(vm.metrics.get('ballast_table_version')).toBe(0);
    vm.answer(poll(vm), 200, answerOf([]));
    scene.pass(100, vm);
    expect(vm.metrics.get('ballast_table_version')).toBe(1);
    expect(vm.metrics.get('ballast_services_held')).toBe(0);
  });

  it('count an ejection once however many requests and probes fail, and its end', () => {
    const scene = new Scene();
    const vm = scene.holding([service(equalReplicas(3), { routing: 'Endpoint' })]);
    const streams = Array.from({ length: 12 }, () => send(vm));
    const victim = chosen(streams[0] ?? send(vm));
    for (const stream of streams) {
      if (chosen(stream) === victim) finish(vm, stream, { ':status': '503' }, 0x20);
      else finish(vm, stream);
    }
    scene.pass(100, vm);
    expect(vm.metrics.get('ballast_ejections_total')).toBe(1);
    expect(vm.metrics.get('ballast_readmissions_total') ?? 0).toBe(0);
    scene.pass(1500, vm);
    spread(vm, 20);
    scene.pass(100, vm);
    expect(vm.metrics.get('ballast_ejections_total')).toBe(1);
    expect(vm.metrics.get('ballast_readmissions_total')).toBe(1);
  });

  it('are set by one VM if they are about the whole process', () => {
    const scene = new Scene();
    const first = scene.holding([service(equalReplicas(2))]);
    const second = scene.vm();
    scene.pass(200, first, second);
    spread(second, 5);
    scene.pass(100, first, second);
    expect(second.metrics.get('ballast_picks_total')).toBe(5);
    expect(second.metrics.has('ballast_table_version')).toBe(false);
    expect(first.metrics.get('ballast_table_version')).toBe(1);
  });
});
