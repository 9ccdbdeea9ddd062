/** Findings: what is wrong, and what looks wrong but is intended. */
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { policyView } from '../policy/policy-view.ts';
import { Finding } from '../../contract/finding.ts';
import { findingsOf } from '../wording/findings/findings.ts';
import type { ControllerState } from '../state.ts';

export function findingRoutes(state: ControllerState): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/api/v1/findings',
      {
        schema: {
          summary: 'List the findings, most urgent first',
          tags: ['state'],
          response: { 200: Type.Object({ findings: Type.Array(Finding) }) },
        },
      },
      () => {
        const { decision, topology } = state;
        if (!decision) return { findings: [] };
        const now = state.clock.now();
        const findings = findingsOf({
          now,
          decision,
          topology,
          policies: state.policies.map((known) => policyView(known, topology, decision, now)),
          proxies: state.proxies(),
          ejections: state.ejections(),
          manual: state.manual.list(now),
          connected: new Set(state.published.connected),
        });
        return { findings };
      },
    );
    done();
  };
}
