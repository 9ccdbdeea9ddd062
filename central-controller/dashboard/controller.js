/** Calls of the controller's REST API. */

import { hardware } from './format.js';

/**
 * @typedef {import('../../contract/node-inventory.ts').NodeInventory} NodeInventory
 * @typedef {import('../../contract/time-series.ts').NodeFigures} NodeFigures
 * @typedef {import('../../contract/time-series.ts').ReplicaFigures} ReplicaFigures
 * @typedef {import('../../contract/time-series.ts').Switch} Switch
 * @typedef {import('../../contract/finding.ts').Finding} Finding
 * @typedef {{ service?: string }} Pause
 */

/**
 * @param {string} path
 * @param {{ method: string, body?: object }} [request]
 * @returns {Promise<any>}
 * @throws {Error} with the text of the problem document, or of the browser if the controller does not answer
 */
async function call(path, { method, body } = { method: 'GET' }) {
  const json = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(`/api/v1/${path}`, { method, ...json });
  const answer = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Error(`${answer.detail}. ${answer.remedy}`);
  return answer;
}

/**
 * Reads all pages of a list.
 * @template T
 * @param {string} path
 * @param {string} field
 * @returns {Promise<{ at: number[], items: T[] }>}
 */
async function allPages(path, field) {
  const first = await call(path);
  const items = [...first[field]];
  for (let token = first.continue; token !== undefined;) {
    const next = await call(`${path}?continue=${token}`);
    items.push(...next[field]);
    token = next.continue;
  }
  return { at: first.at, items };
}

/** @param {string} key `<namespace>/<name>` */
function servicePath(key) {
  return `services/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** @returns {Promise<{ at: number[], items: NodeFigures[] }>} */
export function nodeHistory() {
  return allPages('history/nodes', 'nodes');
}

/**
 * @param {string} service
 * @returns {Promise<{ at: number[], items: ReplicaFigures[] }>}
 */
export function replicaHistory(service) {
  return allPages(`${servicePath(service)}/history`, 'replicas');
}

/**
 * @param {string} key `<namespace>/<name>`
 * @returns {Promise<import('../../contract/decision.ts').ServiceDecision>}
 */
export function service(key) {
  return call(servicePath(key));
}

/**
 * Keys of services with a replica that has the text in its name, node or state.
 * @param {string} text
 * @returns {Promise<Set<string>>}
 */
export async function servicesWith(text) {
  const { replicas } = await call(`replicas?limit=1000&find=${encodeURIComponent(text)}`);
  return new Set(replicas.map((/** @type {any} */ { namespace, service }) => `${namespace}/${service}`));
}

/** @returns {Promise<Switch[]>} */
export async function switches() {
  return (await call('history/switches')).switches;
}

/** @returns {Promise<Finding[]>} */
export async function findings() {
  return (await call('findings')).findings;
}

/**
 * What each node is made of, in one line, by its name.
 * @returns {Promise<Map<string, string>>}
 */
export async function nodeHardware() {
  /** @type {{ name: string, inventory?: NodeInventory }[]} */
  const nodes = (await call('nodes')).nodes;
  return new Map(nodes.flatMap(({ name, inventory }) => (inventory ? [[name, hardware(inventory)]] : [])));
}

/** @returns {Promise<Pause[]>} */
export async function pauses() {
  return (await call('pauses')).pauses;
}

/**
 * @param {string | undefined} service undefined: all
 * @param {{ ttlSeconds?: number, reason?: string }} pause
 */
export function pause(service, pause) {
  return call(service === undefined ? 'pause' : `${servicePath(service)}/pause`, { method: 'PUT', body: pause });
}

/** @param {string | undefined} service undefined: all */
export function resume(service) {
  return call(service === undefined ? 'pause' : `${servicePath(service)}/pause`, { method: 'DELETE' });
}
