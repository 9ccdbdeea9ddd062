/** kubectl as the lab's administrator. */
import { run } from '../../machine/command.ts';

export class Kubectl {
  readonly #hyper: string;
  readonly #kubeconfig: string;

  constructor(hyper: string, kubeconfig: string) {
    this.#hyper = hyper;
    this.#kubeconfig = kubeconfig;
  }

  /**
   * Runs kubectl to its end; what it wrote to standard output.
   * @throws BallastError COMMAND_FAILED with what it wrote to standard error
   */
  async run(...args: readonly string[]): Promise<string> {
    return run(this.#hyper, ['kubectl', ...args], { env: this.#environment() });
  }

  /** Server-side apply of YAML or JSON; returns what was changed, one line each. */
  async apply(manifests: string): Promise<string> {
    const flags = ['apply', '--server-side', '--force-conflicts', '--filename', '-'];
    return run(this.#hyper, ['kubectl', ...flags], { env: this.#environment(), input: manifests });
  }

  /** Server-side apply of a folder with a kustomization. */
  async applyFolder(folder: string): Promise<string> {
    return this.run('apply', '--server-side', '--force-conflicts', '--kustomize', folder);
  }

  #environment(): NodeJS.ProcessEnv {
    return { ...process.env, KUBECONFIG: this.#kubeconfig };
  }
}
