/** A small receiver of OTLP traces over HTTP, in JSON. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly events: readonly { readonly name: string }[];
}

interface Body {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: ReceivedSpan['attributes'] };
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
  }[];
}

export class TraceReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** Attributes of the senders, as text. */
  readonly senders = new Set<string>();
  /** Status and body of the next answers. */
  status = 200;
  body = '{}';
  requests = 0;
  readonly #server: Server = createServer((request, response) => void this.#answer(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await json(request)) as Body;
    this.requests += 1;
    if (this.status === 200 && request.url === '/v1/traces') this.#take(body);
    response.writeHead(this.status, { 'content-type': 'application/json' }).end(this.body);
  }

  #take({ resourceSpans }: Body): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const { key, value } of resource.attributes) this.senders.add(`${key}=${String(Object.values(value)[0])}`);
      this.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
    }
  }
}

/** The attribute's value, whatever its type; undefined where the span has none of this name. */
export function attributeOf({ attributes }: ReceivedSpan, key: string): unknown {
  const value = attributes.find((attribute) => attribute.key === key)?.value;
  return value && Object.values(value)[0];
}
