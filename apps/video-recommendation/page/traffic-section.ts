/** The traffic that one replica saw: how many of its requests each other replica answered, and how fast. */
import type { DependencyTraffic, ReplicaTraffic } from '../statistics/traffic.ts';
import { Html, html } from './html.ts';

const BAR_WIDTH = 100;

function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

function replicaRow({ replica, requests, errors, latency }: ReplicaTraffic, total: number): Html {
  const share = total === 0 ? 0 : requests / total;
  return html`<tr>
    <th scope="row">${replica === 'none' ? 'no replica' : replica}</th>
    <td>
      <div class="bar">
        <svg viewBox="0 0 ${BAR_WIDTH} 10" preserveAspectRatio="none" aria-hidden="true">
          <rect width="${(share * BAR_WIDTH).toFixed(1)}" height="10" />
        </svg>
        <span>${(share * 100).toFixed(0)} %</span>
      </div>
    </td>
    <td>${requests}</td>
    <td class="${errors === 0 ? 'none' : 'errors'}">${errors}</td>
    <td>${milliseconds(latency?.p50Ms)}</td>
    <td>${milliseconds(latency?.p99Ms)}</td>
  </tr>`;
}

function dependencyTable({ dependency, replicas }: DependencyTraffic): Html {
  const total = replicas.reduce((sum, { requests }) => sum + requests, 0);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Requests to ${dependency}">
    <table>
      <caption>
        ${dependency}
      </caption>
      <thead>
        <tr>
          <th scope="col" class="name">Replica</th>
          <th scope="col" class="share">Share</th>
          <th scope="col" class="requests">Requests</th>
          <th scope="col">Errors</th>
          <th scope="col">p50<span class="unit"> ms</span></th>
          <th scope="col">p99<span class="unit"> ms</span></th>
        </tr>
      </thead>
      <tbody>
        ${replicas.map((replica) => replicaRow(replica, total))}
      </tbody>
    </table>
  </div>`;
}

/** @param pod the replica that asked */
export function trafficSection(pod: string, traffic: readonly DependencyTraffic[]): Html {
  const nothing = html`<p class="hint">It has asked nobody yet.</p>`;
  return html`<section class="card caller" data-replica="${pod}">
    <h3>Asked by ${pod}</h3>
    ${traffic.length === 0 ? nothing : traffic.map(dependencyTable)}
  </section>`;
}
