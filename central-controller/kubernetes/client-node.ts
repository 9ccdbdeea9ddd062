/**
 * KubeConfig of @kubernetes/client-node: configuration and every kind of login that kubectl knows. Its module imports a
 * class for each kind and version of the API, 70 MB that nothing here uses, for the sake of two functions. While it is
 * loaded, that import gives the two functions alone.
 */
import { registerHooks } from 'node:module';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';

const PACKAGE = '/@kubernetes/client-node/dist/';
const USED_OF_GEN = `
  export { createConfiguration } from './configuration.js';
  export { ServerConfiguration } from './servers.js';
`;

let loading: Promise<typeof KubeConfig> | undefined;

/** Loads the module when it is first needed: most commands do without. */
export function loadKubeConfig(): Promise<typeof KubeConfig> {
  loading ??= load();
  return loading;
}

async function load(): Promise<typeof KubeConfig> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (context.parentURL?.includes(PACKAGE) !== true) return next(specifier, context);
      // It brings a second version of undici, for a method that is not called.
      if (specifier === 'undici') return next(specifier, { ...context, parentURL: import.meta.url });
      if (specifier !== './gen/index.js') return next(specifier, context);
      return { ...next(specifier, context), url: `${new URL(specifier, context.parentURL).href}?used` };
    },
    load(url, context, next) {
      if (!url.endsWith('/gen/index.js?used')) return next(url, context);
      return { format: 'module', source: USED_OF_GEN, shortCircuit: true };
    },
  });
  try {
    const module = await import('@kubernetes/client-node/dist/config.js');
    return module.KubeConfig;
  } finally {
    hooks.deregister();
  }
}
