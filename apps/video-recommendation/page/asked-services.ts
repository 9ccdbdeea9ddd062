/**
 * Calls the services that a visitor of the page may name: any Service of the cluster, and nothing else. Service and
 * namespace are DNS labels. The rest of the host, the port and the path are fixed, redirects are not followed, and the
 * page shows no answer that does not come from a recommendation service.
 */
import { Value } from 'typebox/value';
import type { TraceHeaders } from '../../service/trace.ts';
import { type Addressing, placeOf } from '../dependencies/addressing.ts';
import { type CallSettings, Dependency } from '../dependencies/dependency.ts';
import { type Answer, answered, refused } from '../http/answer.ts';
import { Recommendations } from '../http/recommendations.ts';
import type { Traffic } from '../statistics/traffic.ts';

/** Maximum number of services with open connections. Beyond it the least recently used one is closed. */
const MAX_SERVICES = 16;

export interface AskedReplica {
  readonly recommendations: Recommendations;
  /** From `x-served-by`. */
  readonly replica: string | undefined;
}

export class AskedServices {
  readonly #addressing: Addressing;
  readonly #calls: CallSettings;
  readonly #traffic: Traffic;
  /** By name, in the order of their last use. */
  readonly #dependencies = new Map<string, Dependency>();

  constructor(addressing: Addressing, calls: CallSettings, traffic: Traffic) {
    this.#addressing = addressing;
    this.#calls = calls;
    this.#traffic = traffic;
  }

  /** `namespace` and `service` are DNS labels. */
  async ask(namespace: string, service: string, user: string, trace: TraceHeaders): Promise<Answer<AskedReplica>> {
    const answer = await this.#dependency(service, namespace).get(
      `/recommendations/${encodeURIComponent(user)}`,
      trace,
    );
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
