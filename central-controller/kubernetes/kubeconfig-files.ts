/**
 * kubeconfig files as kubectl reads them: several are merged, a missing one of `$KUBECONFIG` is skipped, and paths are
 * relative to the file that they are in. What comes out is one file's content with absolute paths.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { BallastError } from '../../contract/errors.ts';
import { readYaml } from './yaml.ts';

export interface KubeconfigFlags {
  /** This file alone. Absent: those of `$KUBECONFIG`, else `~/.kube/config`. */
  readonly kubeconfig?: string | undefined;
  /** Absent: `current-context` of the first file that has one. */
  readonly context?: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

interface Named {
  readonly name: string;
  readonly [field: string]: unknown;
}

export interface Kubeconfig {
  /** The context that is used, with its cluster and its user. */
  readonly context: Json;
  readonly cluster: Json;
  /** Empty where the context names no user: requests are anonymous. */
  readonly user: Json;
  /** The same as the content of one kubeconfig file. */
  readonly content: Json;
}

/** @throws BallastError INVALID_FLAG naming the file and the field */
export function readKubeconfig(flags: KubeconfigFlags, env: NodeJS.ProcessEnv = process.env): Kubeconfig {
  const files = filesOf(flags, env);
  const source = files.join(delimiter);
  const contents = files.filter((file) => flags.kubeconfig !== undefined || existsSync(file)).map(readContent);
  if (contents.length === 0) refuse(source, 'there is no such file: name one with --kubeconfig');
  const merged = {
    clusters: firstOfEach(contents, 'clusters'),
    contexts: firstOfEach(contents, 'contexts'),
    users: firstOfEach(contents, 'users'),
  };
  const name = flags.context ?? contents.map((content) => content['current-context']).find(isText);
  if (name === undefined) {
    const known = merged.contexts.map((each) => each.name).join(', ') || 'none';
    return refuse(source, `current-context: is not set: name one with --context (there are: ${known})`);
  }
  const context = record(find(merged.contexts, name, 'contexts', source)['context']);
  const cluster = record(find(merged.clusters, String(context['cluster']), 'clusters', source)['cluster']);
  if (!isText(cluster['server'])) refuse(source, `clusters: ${String(context['cluster'])}: cluster.server: is missing`);
  const user = isText(context['user']) ? record(find(merged.users, context['user'], 'users', source)['user']) : {};
  const content = {
    'current-context': 'used',
    contexts: [{ name: 'used', context: { ...context, cluster: 'used', user: 'used' } }],
    clusters: [{ name: 'used', cluster }],
    users: [{ name: 'used', user }],
  };
  return { context, cluster, user, content };
}

function filesOf({ kubeconfig }: KubeconfigFlags, env: NodeJS.ProcessEnv): string[] {
  if (kubeconfig !== undefined) return [kubeconfig];
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean);
  return listed.length > 0 ? listed : [join(env['HOME'] ?? homedir(), '.kube', 'config')];
}

function readContent(file: string): Json {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return refuse(file, error instanceof Error ? error.message : String(error));
  }
  const documents = readYaml(text);
  if (!documents.ok) return refuse(file, documents.failure.message);
  const [content = {}] = documents.value;
  if (typeof content !== 'object' || content === null || Array.isArray(content)) refuse(file, 'is no kubeconfig');
  const entries = (field: string, part: string, absolute: (value: Json, folder: string) => Json) =>
    named(record(content)[field]).map((entry) => ({
      ...entry,
      [part]: absolute(record(entry[part]), dirname(resolve(file))),
    }));
  return {
    'current-context': record(content)['current-context'],
    clusters: entries('clusters', 'cluster', (cluster, folder) =>
      absolutePaths(cluster, folder, ['certificate-authority']),
    ),
    contexts: entries('contexts', 'context', (context) => context),
    users: entries('users', 'user', absoluteUser),
  };
}

function absoluteUser(user: Json, folder: string): Json {
  const { exec, ...rest } = absolutePaths(user, folder, ['client-certificate', 'client-key', 'tokenFile']);
  if (exec === undefined || exec === null) return rest;
  const command = record(exec)['command'];
  // As for a shell: a name without a slash is looked up in $PATH.
  const isPath = isText(command) && command.includes('/');
  return { ...rest, exec: { ...record(exec), ...(isPath && { command: resolve(folder, command) }) } };
}

/** Data comes before the file of the same name, as for kubectl; empty fields are left out. */
function absolutePaths(value: Json, folder: string, fields: readonly string[]): Json {
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, held]): [string, unknown][] => {
      if (held === undefined || held === null || held === '') return [];
      if (!fields.includes(field)) return [[field, held]];
      return isText(value[`${field}-data`]) ? [] : [[field, resolve(folder, String(held))]];
    }),
  );
}

function firstOfEach(contents: readonly Json[], field: string): Named[] {
  const entries = contents
    .toReversed()
    .flatMap((content) => named(content[field]).map((each) => [each.name, each] as const));
  return [...new Map(entries).values()];
}

function named(list: unknown): Named[] {
  const entries: unknown[] = Array.isArray(list) ? list : [];
  return entries.filter((entry): entry is Named => isText(record(entry)['name']));
}

function find(list: readonly Named[], name: string, field: string, source: string): Named {
  const known = list.map((each) => each.name).join(', ') || 'none';
  return (
    list.find((each) => each.name === name) ??
    refuse(source, `${field}: there is none named ${name} (there are: ${known})`)
  );
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function refuse(source: string, why: string): never {
  throw new BallastError('INVALID_FLAG', `--kubeconfig: ${source}: ${why}`);
}
