/**
 * The page's modules are plain JavaScript for the browser, type-checked with the browser's library by a project of
 * their own. Here they are loaded by address, with the types of what the tests use.
 */
import type { Decision, ReplicaDecision } from '../../../central-controller/contract/decision.ts';

export type FeedState = 'connecting' | 'waiting' | 'live' | 'silent' | 'unreachable';

interface Overview {
  nodeRows(decision: Decision): {
    name: string;
    utilisation: number;
    text: string;
    segments: { key: string; kind: string; colour: number; cores: number }[];
  }[];
  serviceColours(decision: Decision): Map<string, number>;
  summary(decision: Decision): { name: string; value: string }[];
  notice(
    state: FeedState,
    decision: Decision | undefined,
    ageMs: number,
  ): { kind: 'quiet' | 'trouble'; text: string } | undefined;
}

interface Words {
  reasons(replica: ReplicaDecision): string[];
  evidence(replica: ReplicaDecision): [string, string][];
}

interface Formats {
  short(value: number): string;
  percent(share: number): string;
  duration(seconds: number): string;
  age(ms: number): string;
}

interface Table {
  names: string[];
  data: (number | null)[][];
}

interface HistoryModule {
  History: new () => {
    add(decision: Decision): void;
    nodes(): Table;
    weights(service: string): Table;
    span(): { from: number; to: number };
  };
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
}

export async function loadPageModule<K extends keyof PageModules>(name: K): Promise<PageModules[K]> {
  const address = new URL(`../../../central-controller/dashboard/${name}.js`, import.meta.url).href;
  return (await import(address)) as PageModules[K];
}
