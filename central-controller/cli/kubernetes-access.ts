/** Access to a cluster with the kubeconfig that kubectl would use. */
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Command } from 'commander';
import { KubernetesClient } from '../kubernetes/client.ts';
import { kubeconfigCredentials } from '../kubernetes/credentials.ts';

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function withClusterOptions(command: Command, about: string): Command {
  return command
    .option('--kubeconfig <file>', `${about}: this file (default: $KUBECONFIG, else ~/.kube/config)`)
    .option('--context <name>', `${about}: this context of the file (default: its current context)`);
}

/** @throws BallastError INVALID_FLAG naming the file and the field */
export function openClient({ kubeconfig, context }: ClusterFlags): KubernetesClient {
  const [usual] = (process.env['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean);
  const file = kubeconfig ?? usual ?? join(homedir(), '.kube', 'config');
  return new KubernetesClient(kubeconfigCredentials(file, context));
}
