import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import { HOLD_MS, SETTLE_MS } from '../../../central-controller/routing/plan-service.ts';
import { Controller, DELEGATE, ROUTES, RULE, settled } from './support/controller.ts';

const CART = 'shop/cart';
const carts = (...ordinals: number[]) => ordinals.map((ordinal) => `cart-${ordinal}`);

describe('Subset routing', () => {
  it('writes the subsets first, then the routes, and publishes weights last', () => {
    const controller = new Controller();
    expect(controller.step()).toEqual([`apply ${RULE}`]);
    expect(controller.table()).toBeUndefined();
    expect(controller.step(SETTLE_MS - 1)).toEqual([]);
    expect(controller.step(1)).toEqual([`apply ${ROUTES}`, `apply ${DELEGATE}`]);
    expect(controller.table()).toBeUndefined();
    expect(controller.step(SETTLE_MS)).toEqual([]);
    expect(controller.table()).toEqual({ routing: 'Subset', replicas: carts(0, 1, 2) });
    expect(controller.look().nextAt).toBe(Infinity);
  });

  it('belongs to its policy, except the VirtualService that gateways delegate to', () => {
    const { cluster } = settled();
    const owners = [{ kind: 'LoadBalancingPolicy', name: 'cart', uid: 'policy', controller: true }];
    expect(cluster.get(RULE)?.metadata).toMatchObject({ ownerReferences: owners });
    expect(cluster.get(ROUTES)?.metadata).toMatchObject({ ownerReferences: owners });
    expect(cluster.get(DELEGATE)?.metadata).not.toHaveProperty('ownerReferences');
  });

  it('has routes for new replicas before their pods are there, so that they get requests soon after they are ready', () => {
    const controller = settled();
    controller.cluster.state.replicas = 6;
    expect(controller.settle()).toEqual([[`apply ${RULE}`], [`apply ${ROUTES}`, `apply ${DELEGATE}`]]);
    controller.cluster.state.pods = [0, 1, 2, 3];
    expect(controller.table()?.replicas).toEqual(carts(0, 1, 2));
    // Proxies hear of its address from Istio, and an empty subset answers 503.
    controller.step(SETTLE_MS - 1);
    expect(controller.table()?.replicas).toEqual(carts(0, 1, 2));
    controller.step(1);
    expect(controller.table()?.replicas).toEqual(carts(0, 1, 2, 3));
    expect(controller.settle()).toEqual([]);
  });

  it('takes replicas out of the routes once no table can name them, and out of the subsets after that', () => {
    const controller = settled({ replicas: 3 });
    controller.cluster.state.replicas = 1;
    expect(controller.settle()).toEqual([]);
    controller.cluster.state.pods = [0];
    expect(controller.step()).toEqual([]);
    expect(controller.step(HOLD_MS - 1)).toEqual([]);
    expect(controller.step(1)).toEqual([`apply ${ROUTES}`, `apply ${DELEGATE}`]);
    expect(controller.observed.subsets).toEqual(new Set(carts(0, 1, 2)));
    expect(controller.step(HOLD_MS)).toEqual([]);
    expect(controller.settle()).toEqual([[`apply ${RULE}`]]);
    expect(controller.observed.subsets).toEqual(new Set(carts(0)));
  });

  it('writes nothing while pods of the same names are replaced', () => {
    const controller = settled();
    for (const pods of [
      [0, 1],
      [0, 1, 2],
      [0, 2],
      [0, 1, 2],
    ]) {
      controller.cluster.state.pods = pods;
      expect(controller.step(HOLD_MS)).toEqual([]);
    }
  });

  it('follows ordinals with gaps and with another start', () => {
    const controller = settled({ ordinalsStart: 5, replicas: 2, pods: [1, 5] });
    expect(controller.observed.ownRoutes).toEqual(new Set(carts(1, 5, 6)));
  });

  it('writes nothing for a headless Service, whose callers choose a pod by DNS', () => {
    const controller = new Controller();
    controller.cluster.isHeadless = true;
    expect(controller.settle()).toEqual([]);
    expect(controller.table()).toBeUndefined();
  });

  it('leaves no replica out and writes nothing after a restart of the controller', () => {
    const controller = settled();
    controller.restart();
    expect(controller.step()).toEqual([]);
    expect(controller.table()?.replicas).toEqual(carts(0, 1, 2));
  });

  it('keeps routes as long after a restart, because tables of the earlier controller may still name them', () => {
    const controller = settled();
    Object.assign(controller.cluster.state, { replicas: 1, pods: [0] });
    controller.restart();
    expect(controller.step()).toEqual([]);
    expect(controller.step(HOLD_MS)).toEqual([`apply ${ROUTES}`, `apply ${DELEGATE}`]);
  });

  it('puts back what somebody else changed in it, and keeps what they added beside it', () => {
    const controller = settled();
    const { cluster } = controller;
    const rule = cluster.get(RULE) as Manifest & { spec: object };
    cluster.add({ ...rule, spec: { ...rule.spec, trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } } });
    expect(controller.step()).toEqual([]);
    cluster.add({ ...rule, spec: { ...rule.spec, subsets: [] } });
    expect(controller.table()).toBeUndefined();
    expect(controller.step()).toEqual([`apply ${RULE}`]);
  });
});

describe('Endpoint routing', () => {
  it('sets the label, and then the weights hold', () => {
    const controller = new Controller();
    controller.cluster.state.routing = 'Endpoint';
    expect(controller.step()).toEqual(['apply Service shop/cart']);
    expect(controller.table()).toBeUndefined();
    expect(controller.settle()).toEqual([]);
    expect(controller.table()).toEqual({ routing: 'Endpoint', replicas: carts(0, 1, 2) });
  });

  it('takes the label as it is where the user set it, and does not remove it', () => {
    const controller = new Controller();
    controller.cluster.userLabels = { 'istio.io/persistent-session-header': 'x-lb-session' };
    controller.cluster.state.routing = 'Endpoint';
    expect(controller.settle()).toEqual([]);
    controller.cluster.state.mode = 'Off';
    expect(controller.settle()).toEqual([]);
    expect(controller.cluster.label).toBe('x-lb-session');
  });

  it.each([{ 'istio.io/persistent-session-header': 'x-user' }, { 'istio.io/persistent-session': 'cookie' }])(
    'leaves a session of the user alone, and says so: %o',
    (labels) => {
      const controller = new Controller();
      controller.cluster.userLabels = labels;
      controller.cluster.state.routing = 'Endpoint';
      expect(controller.settle()).toEqual([]);
      expect(controller.table()).toBeUndefined();
      const { problem } = controller.look().services.get(CART) ?? {};
      expect(problem?.reason).toBe('SessionLabelTaken');
      expect(problem?.message).toContain(`Service shop/cart has the label ${Object.keys(labels).join('')}`);
    },
  );

  it('needs no Istio objects, so it does without their kinds', () => {
    const controller = new Controller();
    controller.cluster.knowsIstio = false;
    controller.cluster.state.routing = 'Endpoint';
    controller.settle();
    expect(controller.table()?.routing).toBe('Endpoint');
  });
});

describe('a change of routing that cannot be made', () => {
  it('keeps the old routing in force until the change can be made', () => {
    const controller = settled();
    controller.cluster.userLabels = { 'istio.io/persistent-session': 'cookie' };
    Object.assign(controller.cluster.state, { routing: 'Endpoint', replicas: 1 });
    expect(controller.settle()).toEqual([]);
    expect(controller.step(10 * HOLD_MS)).toEqual([]);
    expect(controller.table()).toEqual({ routing: 'Subset', replicas: carts(0, 1, 2) });
  });
});

describe('a change that cannot be made', () => {
  it('says that Istio is missing', () => {
    const controller = new Controller();
    controller.cluster.knowsIstio = false;
    expect(controller.settle()).toEqual([]);
    expect(controller.look().services.get(CART)?.problem?.reason).toBe('IstioNotFound');
  });
});
