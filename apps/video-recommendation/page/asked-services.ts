/**
 * The services that the page may be asked about: any Service of the cluster, by its name and namespace, and nothing else.
 * Both names are DNS labels, the rest of the host, the port and the path are fixed, redirects are not followed, and an
 * answer that is not one of a recommendation service is not shown.
 */
import { Value } from 'typebox/value';
import type { TraceHeaders } from '../../service/trace.ts';
import { type Addressing, placeOf } from '../dependencies/addressing.ts';
import { type CallSettings, Dependency } from '../dependencies/dependency.ts';
import { type Answer, answered, refused } from '../http/answer.ts';
import { Recommendations } from '../http/recommendations.ts';
import type { Traffic } from '../statistics/traffic.ts';

/** Connections are kept to that many services; the one that was asked the longest ago gives way. */
const MAX_SERVICES = 16;

export interface AskedReplica {
  readonly recommendations: Recommendations;
  /** As it names itself. */
  readonly replica: string | undefined;
}

export class AskedServices {
  readonly #addressing: Addressing;
  readonly #calls: CallSettings;
  readonly #traffic: Traffic;
  /** By name, the one asked last at the end. */
  readonly #dependencies = new Map<string, Dependency>();

  constructor(addressing: Addressing, calls: CallSettings, traffic: Traffic) {
    this.#addressing = addressing;
    this.#calls = calls;
    this.#traffic = traffic;
  }

  /** @param namespace and @param service are DNS labels */
  async ask(namespace: string, service: string, user: number, trace: TraceHeaders): Promise<Answer<AskedReplica>> {
    const answer = await this.#dependency(service, namespace).get(`/recommendations/${user}`, trace);
    if (!answer.ok) return answer;
    const { body, replica } = answer.value;
    if (Value.Check(Recommendations, body)) return answered({ recommendations: body, replica });
    return refused(502, `${service}.${namespace} did not answer with recommendations`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#dependencies.values()].map((dependency) => dependency.close()));
  }

  #dependency(service: string, namespace: string): Dependency {
    const place = placeOf(service, namespace, this.#addressing);
    const dependency = this.#dependencies.get(place.name) ?? new Dependency(place, this.#calls, this.#traffic);
    this.#dependencies.delete(place.name);
    this.#dependencies.set(place.name, dependency);
    const [oldest] = this.#dependencies;
    if (oldest && this.#dependencies.size > MAX_SERVICES) {
      this.#dependencies.delete(oldest[0]);
      void oldest[1].close();
    }
    return dependency;
  }
}
