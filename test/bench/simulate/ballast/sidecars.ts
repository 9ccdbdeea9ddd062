/** Requests on their way through the plugin: in the caller's proxy, then in the replica's, and back. */
import type { Answer, Balancer, Random, ReplicaSide } from '../fleet/ports.ts';
import type { PluginVm } from '../../../wasm-plugin/support/host.ts';
import type { Stream } from '../../../wasm-plugin/support/module-interface.ts';

const INBOUND = { 'xds.cluster_name': 'inbound|8080||' };
const LOAD_HEADER = 'x-lb-load';
const ENDPOINT_HEADER = 'x-lb-endpt';

interface Flight {
  readonly stream: Stream;
  /** What the replica's proxy stamped on the response. */
  load: string | undefined;
}

/** Requests between the two proxies, by number. */
export type Flights = Map<number, Flight>;

/** One service as one caller's proxy balances it. */
export class CallerSide implements Balancer {
  readonly #vm: PluginVm;
  readonly #flights: Flights;
  readonly #properties: { 'xds.cluster_name': string };
  readonly #replicas: ReadonlyMap<string, number>;
  readonly #random: Random;
  readonly #inFlight: number[];

  /** @param replicas index by pod name */
  constructor(vm: PluginVm, flights: Flights, cluster: string, replicas: ReadonlyMap<string, number>, random: Random) {
    this.#vm = vm;
    this.#flights = flights;
    this.#properties = { 'xds.cluster_name': cluster };
    this.#replicas = replicas;
    this.#random = random;
    this.#inFlight = Array.from(replicas, () => 0);
  }

  pick(request: number): number {
    const stream = this.#vm.request({}, this.#properties);
    this.#flights.set(request, { stream, load: undefined });
    const name = stream.request.get(ENDPOINT_HEADER);
    const replica = name === undefined ? this.#leastRequest() : this.#replicas.get(name);
    if (replica === undefined) throw new Error(`the plugin chose ${name}, which the fleet has not`);
    this.#inFlight[replica] = (this.#inFlight[replica] ?? 0) + 1;
    return replica;
  }

  /** What Istio does when the plugin names no replica: of two at random, the one with fewer requests from here. */
  #leastRequest(): number {
    const draw = (): number => Math.floor(this.#random() * this.#inFlight.length);
    const [first, second] = [draw(), draw()];
    return (this.#inFlight[first] ?? 0) <= (this.#inFlight[second] ?? 0) ? first : second;
  }

  answered(request: number, replica: number, answer: Answer): void {
    this.#inFlight[replica] = (this.#inFlight[replica] ?? 0) - 1;
    const flight = this.#flights.get(request);
    if (flight === undefined) throw new Error(`request ${request} was answered twice`);
    this.#flights.delete(request);
    if (answer.report !== undefined) {
      const status = answer.failed ? '500' : '200';
      const headers = flight.load === undefined ? undefined : { [LOAD_HEADER]: flight.load };
      this.#vm.respond(flight.stream, { ':status': status, ...headers });
    }
    this.#vm.end(flight.stream);
  }
}

/** One replica's proxy. */
export class ServingSide implements ReplicaSide {
  readonly #vm: PluginVm;
  readonly #flights: Flights;
  readonly #streams = new Map<number, Stream>();

  constructor(vm: PluginVm, flights: Flights) {
    this.#vm = vm;
    this.#flights = flights;
  }

  arrived(request: number): void {
    const sent = this.#flights.get(request)?.stream.request;
    this.#streams.set(request, this.#vm.request(Object.fromEntries(sent ?? []), INBOUND));
  }

  leaving(request: number, failed: boolean): void {
    const stream = this.#streams.get(request);
    if (stream === undefined) throw new Error(`request ${request} left a replica that it never came to`);
    this.#streams.delete(request);
    const flight = this.#flights.get(request);
    // The caller gave up: its proxy reset the stream, so there is no response.
    if (flight) {
      this.#vm.respond(stream, { ':status': failed ? '500' : '200' });
      flight.load = stream.response.get(LOAD_HEADER);
    }
    this.#vm.end(stream);
  }
}
