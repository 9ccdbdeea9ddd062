#!/usr/bin/env bash
# @kubernetes/client-node 2.0.1 (npm), makeInformer.
#
# One guesses: like client-go's informer it lists and watches again, with a pause, after any failure; and the label
# selector that it is given restricts both.
# What happens: it goes on after a clean end of the watch and after 410. One 500, or one reset connection, ends it
# for good: the event `error` is its last word, and without a handler for it nothing is said at all. And the
# selector is sent with the watch only: the list is what the caller's own function asks for, so by itself it brings
# every pod.
# Why it matters: a load balancer that follows endpoints by it serves a table that never changes again after one
# hiccup of the API server, and at first knows pods that it should not.
source "$(dirname "$0")/lib/setup.sh"
node_packages @kubernetes/client-node@2.0.1

node_program <<'JS'
import { createServer } from 'node:http';
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node';
import { expect } from './expect.mjs';

/** What an API server is asked whose first watch ends like that, and how many errors the informer tells. */
async function asked(endWatch) {
  const requests = [];
  let watches = 0;
  const server = createServer((request, response) => {
    const query = new URL(request.url, 'http://localhost').searchParams;
    const isWatch = query.get('watch') === 'true';
    requests.push(`${isWatch ? 'watch' : 'list'} ${query.get('labelSelector') ?? 'everything'}`);
    response.setHeader('content-type', 'application/json');
    if (!isWatch) response.end('{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[]}');
    else if (++watches === 1) endWatch(request, response);
    else response.flushHeaders();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server: `http://127.0.0.1:${server.address().port}`, skipTLSVerify: true }, { name: 'u' });
  const api = config.makeApiClient(CoreV1Api);
  let errors = 0;
  const informer = makeInformer(config, '/api/v1/pods', () => api.listPodForAllNamespaces(), 'app=shop');
  informer.on('error', () => errors++);
  await informer.start();
  await new Promise((resolve) => setTimeout(resolve, 6000));
  await informer.stop();
  server.closeAllConnections();
  server.close();
  return { requests, errors };
}

const [failed, reset, ended, gone] = await Promise.all([
  asked((_, response) => response.writeHead(500).end('{}')),
  asked((request, response) => (response.flushHeaders(), setTimeout(() => request.socket.resetAndDestroy(), 300))),
  asked((_, response) => (response.flushHeaders(), setTimeout(() => response.end(), 300))),
  asked((_, response) => response.end('{"type":"ERROR","object":{"kind":"Status","code":410}}\n')),
]);
for (const [name, seen] of Object.entries({ 500: failed, reset, 'clean end': ended, 410: gone })) console.log(`${name}: ${seen.requests.join(', ')}; errors: ${seen.errors}`);

const twice = ['list everything', 'watch app=shop'];
expect(ended.requests.length > 2 && gone.requests.length > 2, 'the informer goes on after a clean end and after 410');
expect([failed, reset].every(({ requests, errors }) => requests.join() === twice.join() && errors === 1), 'it asks nothing more after a 500 or a reset; the list has no selector');
process.exit(0);
JS
