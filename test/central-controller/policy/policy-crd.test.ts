import { format } from 'prettier';
import { expect, it } from 'vitest';
import { objectsOf } from '../../../central-controller/cluster/cluster-objects.ts';
import { policyDefinition } from '../../../central-controller/policy/policy-crd.ts';
import { brokenBounds, definitionYaml } from '../cluster/definition-yaml.ts';
import { EXAMPLE, policyPage } from './policy-page.ts';

const page = new URL('../../../docs/reference/policy.md', import.meta.url).pathname;
const definition = new URL('../../../istio-configs/base/crds/loadbalancingpolicies.ballast.dev.yaml', import.meta.url)
  .pathname;

// After a change on purpose: npx vitest run test/central-controller/policy/policy-crd.test.ts -u
it('is the custom resource definition that istio-configs holds', async () => {
  const text = await definitionYaml(policyDefinition(), 'contract/policy.ts and its neighbours');
  await expect(text).toMatchFileSnapshot(definition);
});

it('has whole numbers for bounds, since the API server cuts off the rest where it compares whole numbers', () => {
  expect(brokenBounds(policyDefinition())).toEqual([]);
});

it('is explained by docs/reference, with an example that is taken', async () => {
  await expect(
    await format(policyPage(), { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' }),
  ).toMatchFileSnapshot(page);
  expect(objectsOf(new Map([['policy.yaml', EXAMPLE]]))).toMatchObject({ ok: true });
});
