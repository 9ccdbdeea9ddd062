/** The panel that explains the weight of one replica: sentences, metrics and charts. */
import { explanationOf } from './explanation.js';
import { byId, element, setText, updateList } from './keyed.js';
import { equalShare, evidence, modeOf, reasons, STATES } from './words.js';

/**
 * @typedef {import('../../contract/decision.ts').Decision} Decision
 * @typedef {import('./address.js').Target} Target
 */

/**
 * @param {Element} list
 * @param {readonly string[]} sentences
 */
function showSentences(list, sentences) {
  updateList(
    list,
    sentences.map((text, index) => ({ text, index })),
    ({ index }) => String(index),
    () => {
      const item = element('li');
      return { element: item, update: ({ text }) => setText(item, text) };
    },
  );
}

/**
 * @param {Element} list
 * @param {readonly [string, string][]} pairs
 */
function showFacts(list, pairs) {
  updateList(
    list,
    pairs,
    ([name]) => name,
    ([name]) => {
      const value = element('dd');
      return {
        element: element('div', '', element('dt', '', name), value),
        update: ([, text]) => setText(value, text),
      };
    },
  );
}

/**
 * @param {Target} target
 * @param {Decision} decision
 */
export function showExplanation({ namespace, service: name, replica: replicaName = '' }, decision) {
  const service = decision.services.find((each) => each.namespace === namespace && each.name === name);
  const replica = service?.replicas.find((each) => each.name === replicaName);
  setText(byId('panel-title'), replicaName);
  byId('explanation').hidden = !replica;
  if (!service || !replica) {
    setText(byId('panel-subtitle'), `${namespace}/${name} has no such replica now.`);
    return;
  }
  const node = decision.nodes.find((each) => each.name === replica.node);
  const { verdict, known, damping } = explanationOf({
    service,
    replica,
    equalShare: equalShare(service.replicas),
    ...(node && { node }),
  });
  setText(
    byId('panel-subtitle'),
    `${STATES[replica.state].name}, replica of ${namespace}/${name} (${modeOf(service).name}) on ${replica.node}`,
  );
  setText(byId('verdict'), verdict);
  showSentences(byId('reasons'), reasons(replica));
  showSentences(byId('known'), known);
  setText(byId('damping'), damping);
  showFacts(byId('evidence'), evidence(replica));
  const source = /** @type {HTMLAnchorElement} */ (byId('source'));
  const path = [namespace, name].map(encodeURIComponent).join('/');
  const address = `/api/v1/services/${path}/replicas/${encodeURIComponent(replicaName)}/explanation?tick=${decision.tick}`;
  source.href = address;
  setText(source, `Decision ${decision.tick} as JSON`);
}
