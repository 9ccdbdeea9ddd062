/**
 * The least of an xDS client that makes istiod take us for a proxy: subscriptions on one gRPC stream, written in
 * protobuf by hand. What istiod has for the proxy is then read as JSON from its debug interface.
 */
import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Istiod } from './istiod.ts';

type Json = string | number | boolean | { readonly [key: string]: Json };

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}

/** A length-delimited field. */
function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

/** google.protobuf.Struct */
function struct(object: { readonly [key: string]: Json }): Buffer {
  return Buffer.concat(
    Object.entries(object).map(([key, item]) => field(1, Buffer.concat([field(1, key), field(2, value(item))]))),
  );
}

/** google.protobuf.Value */
function value(item: Json): Buffer {
  if (typeof item === 'string') return field(3, item);
  if (typeof item === 'boolean') return Buffer.from([4 << 3, item ? 1 : 0]);
  if (typeof item === 'object') return field(5, struct(item));
  const number = Buffer.alloc(9);
  number[0] = (2 << 3) | 1;
  number.writeDoubleLE(item, 1);
  return number;
}

export interface DiscoveryNode {
  readonly id: string;
  readonly metadata: { readonly [key: string]: Json };
}

/** envoy.service.discovery.v3.DiscoveryRequest in gRPC's framing */
function request(node: DiscoveryNode, type: string, names: readonly string[]): Buffer {
  const message = Buffer.concat([
    field(2, Buffer.concat([field(1, node.id), field(3, struct(node.metadata))])),
    ...names.map((name) => field(3, name)),
    field(4, `type.googleapis.com/${type}`),
  ]);
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  return Buffer.concat([frame, message]);
}

/** Reads a varint; the value and where the next byte stands. */
function readVarint(bytes: Buffer, at: number): [number, number] {
  let result = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes.readUInt8(at++);
    result += (byte & 127) * 2 ** shift;
    if (byte < 128) return [result, at];
  }
}

/** Type of the resources in an envoy.service.discovery.v3.DiscoveryResponse, whose fields are all length-delimited. */
function typeOfResponse(message: Buffer): string {
  for (let at = 0; at < message.length;) {
    const [tag, lengthAt] = readVarint(message, at);
    const [length, start] = readVarint(message, lengthAt);
    if (tag >> 3 === 4) return message.toString('utf8', start, start + length).replace('type.googleapis.com/', '');
    at = start + length;
  }
  return '';
}

/** The whole messages of a gRPC stream so far; the rest stays for the next time. */
function takeMessages(received: Buffer): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = [];
  let at = 0;
  while (received.length >= at + 5 && received.length >= at + 5 + received.readUInt32BE(at + 1)) {
    const end = at + 5 + received.readUInt32BE(at + 1);
    messages.push(received.subarray(at + 5, end));
    at = end;
  }
  return { messages, rest: received.subarray(at) };
}

/** Names of resources by the type that is subscribed to; all of them where none is named. */
type Subscriptions = Readonly<Record<string, readonly string[]>>;

const ANSWER_MS = 20_000;

/** istiod's configuration of one proxy, in the form of Envoy's own config_dump. */
export async function configDump(istiod: Istiod, node: DiscoveryNode, subscriptions: Subscriptions): Promise<unknown> {
  const session = connect(`http://127.0.0.1:${istiod.grpcPort}`);
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const unanswered = new Set(Object.keys(subscriptions));
    let received: Buffer = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => {
      const { messages, rest } = takeMessages(Buffer.concat([received, chunk]));
      received = rest;
      for (const message of messages) unanswered.delete(typeOfResponse(message));
    });
    for (const [type, names] of Object.entries(subscriptions)) stream.write(request(node, type, names));
    const giveUp = Date.now() + ANSWER_MS;
    while (unanswered.size > 0) {
      if (Date.now() > giveUp) throw new Error(`istiod left unanswered: ${[...unanswered].join(', ')}`);
      await sleep(20);
    }
    const proxy = node.id.split('~')[2] ?? '';
    const response = await fetch(`http://127.0.0.1:${istiod.httpPort}/debug/config_dump?proxyID=${proxy}&include_eds`);
    if (!response.ok) throw new Error(`istiod has no configuration for ${proxy}: ${await response.text()}`);
    return await response.json();
  } finally {
    session.destroy();
  }
}
