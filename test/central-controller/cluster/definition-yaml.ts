/** A CustomResourceDefinition from istio-configs. */
import { format } from 'prettier';
import { stringify } from 'yaml';

/** @param source what it is made from, for who would edit the file */
export async function definitionYaml(definition: object, source: string): Promise<string> {
  // Kubernetes reads YAML 1.1, where Off is a truth value unless it is quoted.
  const yaml = stringify(definition, { lineWidth: 110, version: '1.1' });
  const text = await format(yaml, { parser: 'yaml', printWidth: 120, singleQuote: true });
  return `# Made from ${source}.\n${text}`;
}

/** Bounds that the API server would cut to whole numbers where it compares such. */
export function brokenBounds(definition: object): number[] {
  const bounds = JSON.stringify(definition).matchAll(/"(?:minimum|maximum)":([^,}]+)/g);
  return Array.from(bounds, ([, bound]) => Number(bound)).filter((bound) => !Number.isInteger(bound));
}
