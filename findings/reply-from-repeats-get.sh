#!/usr/bin/env bash
# @fastify/reply-from 12.6.5 (npm) in front of a server that answers 503.
#
# One guesses: a proxy plugin passes the 503 on unless retries are switched on, maxRetriesOn503: 0 forbids them, and
# Retry-After is in seconds, as in HTTP.
# What happens: a GET is sent up to ten times more before the caller hears of the 503, with or without Retry-After.
# 0 counts as not given, so maxRetriesOn503: 0 is ten, too. Retry-After is taken for milliseconds: "2" leads to
# eleven requests in well under two seconds. POST is sent once, and so is GET with retryMethods that lack it.
# Why it matters: 503 with Retry-After is how an overloaded server asks to be left alone. Behind a mesh that
# retries, too, the attempts multiply; and requests that the proxy holds while it waits are in nobody's count of
# requests in flight.
source "$(dirname "$0")/lib/setup.sh"
node_packages @fastify/reply-from@12.6.5 fastify@5.12.8

node_program <<'JS'
import { createServer } from 'node:http';
import replyFrom from '@fastify/reply-from';
import fastify from 'fastify';
import { expect } from './expect.mjs';

let seen = 0;
const server = createServer((request, response) => {
  seen++;
  response.writeHead(503, request.url === '/later' ? { 'retry-after': '2' } : {}).end();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

async function requestsAtServer(method, path, perRequest, perPlugin) {
  const app = fastify();
  app.register(replyFrom, { base: `http://127.0.0.1:${server.address().port}`, ...perPlugin });
  app.all('/*', (request, reply) => reply.from(request.url, perRequest));
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  seen = 0;
  const start = performance.now();
  const { status } = await fetch(address + path, { method });
  const seconds = (performance.now() - start) / 1000;
  await app.close();
  console.log(`${method} ${path} ${JSON.stringify({ ...perRequest, ...perPlugin })}: the caller got ${status} after ${seconds.toFixed(1)} s, the server saw ${seen}`);
  return { seen, seconds };
}

const plain = await requestsAtServer('GET', '/');
const none = await requestsAtServer('GET', '/', { maxRetriesOn503: 0 });
const one = await requestsAtServer('GET', '/', { maxRetriesOn503: 1 });
const later = await requestsAtServer('GET', '/later');
const post = await requestsAtServer('POST', '/');
const others = await requestsAtServer('GET', '/', {}, { retryMethods: ['HEAD'] });
server.closeAllConnections();
server.close();
expect(plain.seen === 11 && none.seen === 11 && one.seen === 2, 'one GET is sent eleven times, also with maxRetriesOn503 0');
expect(later.seen === 11 && later.seconds < 15, 'ten waits of Retry-After: 2 take less than twenty seconds');
expect(post.seen === 1 && others.seen === 1, 'POST is sent once, and GET where retryMethods lacks it');
JS
