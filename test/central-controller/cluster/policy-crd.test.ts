import { format } from 'prettier';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { policyDefinition } from '../../../central-controller/cluster/policy-crd.ts';

const definition = new URL('../../../istio-configs/base/crds/loadbalancingpolicies.ballast.dev.yaml', import.meta.url)
  .pathname;

// After a change on purpose: npx vitest run test/central-controller/cluster/policy-crd.test.ts -u
it('is the custom resource definition that istio-configs holds', async () => {
  const yaml = stringify(policyDefinition(), { lineWidth: 110 });
  const text = await format(yaml, { parser: 'yaml', printWidth: 120, singleQuote: true });
  await expect(`# Made from central-controller/contract/policy.ts and its neighbours.\n${text}`).toMatchFileSnapshot(
    definition,
  );
});
