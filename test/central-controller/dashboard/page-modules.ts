/**
 * The page's modules are plain JavaScript for the browser, type-checked with the browser's library by a project of
 * their own. Here they are loaded by address, with the types of what the tests use.
 */
import type { Decision, ReplicaDecision } from '../../../contract/decision.ts';
import type { Explanation } from '../../../contract/explanation.ts';
import type { Switch } from '../../../contract/time-series.ts';
import type { Finding } from '../../../contract/finding.ts';

export type FeedState = 'connecting' | 'waiting' | 'live' | 'silent' | 'unreachable';

interface Overview {
  nodeRows(decision: Decision): {
    name: string;
    utilisation: number;
    text: string;
    segments: { key: string; kind: string; colour: number; cores: number }[];
  }[];
  serviceColours(decision: Decision): Map<string, number>;
  settingsOf(decision: Decision): string;
  summary(decision: Decision): { name: string; value: string }[];
  notice(state: FeedState, decision: Decision | undefined, ageMs: number): Notice | undefined;
  headline(said: Notice | undefined, findings: readonly Finding[], decision: Decision | undefined): Notice;
  findingCount(findings: readonly Finding[]): string;
}

interface Notice {
  kind: 'quiet' | 'trouble';
  text: string;
}

interface Words {
  reasons(replica: ReplicaDecision): string[];
  evidence(replica: ReplicaDecision): [string, string][];
}

interface Formats {
  short(value: number): string;
  percent(fraction: number): string;
  duration(seconds: number): string;
  age(ms: number): string;
  listed(names: readonly string[]): string;
}

interface Table {
  names: string[];
  data: (number | null)[][];
}

interface HistoryModule {
  History: new () => {
    load(at: readonly number[], lines: readonly { name: string; values: readonly (number | null)[] }[]): void;
    add(at: number, values: readonly (readonly [string, number | null])[]): boolean;
    clear(): void;
    table(chosen?: readonly string[]): Table;
    span(): { from: number; to: number };
  };
}

interface Target {
  namespace: string;
  service: string;
  replica?: string;
}

interface Addresses {
  readAddress(hash: string): Target | undefined;
  addressOf(target: Target): string;
}

interface Explanations {
  explanationOf(explained: Pick<Explanation, 'service' | 'replica' | 'node' | 'equalShare'>): {
    verdict: string;
    known: string[];
    damping: string;
  };
}

interface Switches {
  switchRows(
    switches: readonly Switch[],
    now: number,
  ): { service: string; what: string; changes: { label: string; before: string; after: string }[] }[];
}

interface Feed {
  follow(ports: {
    open(address: string): {
      addEventListener(event: string, listener: (event: { data: string }) => void): void;
      close(): void;
    };
    onDecision(decision: Decision): void;
    onState(state: FeedState): void;
  }): void;
}

interface PageModules {
  overview: Overview;
  words: Words;
  format: Formats;
  history: HistoryModule;
  feed: Feed;
  address: Addresses;
  explanation: Explanations;
  switches: Switches;
}

export async function loadPageModule<K extends keyof PageModules>(name: K): Promise<PageModules[K]> {
  const address = new URL(`../../../central-controller/dashboard/${name}.js`, import.meta.url).href;
  return (await import(address)) as PageModules[K];
}
