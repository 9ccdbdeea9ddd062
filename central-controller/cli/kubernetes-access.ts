/** Access to a cluster with the kubeconfig that kubectl would use. */
import type { Command } from 'commander';
import { KubernetesClient } from '../kubernetes/client.ts';
import { kubeconfigAccess } from '../kubernetes/api-access.ts';

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function withClusterOptions(command: Command, about: string): Command {
  return command
    .option('--kubeconfig <file>', `${about}: this file (default: the files of $KUBECONFIG, else ~/.kube/config)`)
    .option('--context <name>', `${about}: this context of the file (default: its current context)`);
}

/** @throws BallastError INVALID_FLAG naming the file and the field */
export async function openClient(flags: ClusterFlags): Promise<KubernetesClient> {
  return new KubernetesClient(await kubeconfigAccess(flags));
}
