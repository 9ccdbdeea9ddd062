/** Runs kubectl as the lab's administrator. */
import { dirname, join } from 'node:path';
import { KUBECTL_CACHE } from '../settings.ts';
import { run } from '../../machine/command.ts';

/**
 * For kubectl in the lab. It remembers the kinds of an API server by its address, and every lab has the same: so each has
 * its own memory, which goes with the lab.
 */
export function kubectlEnvironment(kubeconfig: string): { readonly KUBECONFIG: string; readonly KUBECACHEDIR: string } {
  return { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(dirname(kubeconfig), KUBECTL_CACHE) };
}

export class Kubectl {
  readonly #hyper: string;
  readonly #kubeconfig: string;

  constructor(hyper: string, kubeconfig: string) {
    this.#hyper = hyper;
    this.#kubeconfig = kubeconfig;
  }

  /**
   * Runs kubectl and returns its standard output.
   * @throws BallastError COMMAND_FAILED with its standard error
   */
  async run(...args: readonly string[]): Promise<string> {
    return run(this.#hyper, ['kubectl', ...args], { env: this.#environment() });
  }

  /** Server-side apply of YAML or JSON. Returns a line for each change. */
  async apply(manifests: string): Promise<string> {
    const flags = ['apply', '--server-side', '--force-conflicts', '--filename', '-'];
    return run(this.#hyper, ['kubectl', ...flags], { env: this.#environment(), input: manifests });
  }

  /** Server-side apply of a folder with a kustomization. */
  async applyFolder(folder: string): Promise<string> {
    return this.run('apply', '--server-side', '--force-conflicts', '--kustomize', folder);
  }

  #environment(): NodeJS.ProcessEnv {
    return { ...process.env, ...kubectlEnvironment(this.#kubeconfig) };
  }
}
