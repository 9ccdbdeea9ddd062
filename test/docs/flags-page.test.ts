import { join } from 'node:path';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import { controllerCommand } from '../../central-controller/options.ts';
import { agentCommand } from '../../host-agent/options.ts';
import { flagsPage } from './flags-page.ts';
import { CHECKOUT } from './support/markdown.ts';

// After a change on purpose: npx vitest run test/docs/flags-page.test.ts -u
test('docs/reference has the flags of controller and agent', async () => {
  const page = flagsPage([controllerCommand(), agentCommand()]);
  const text = await format(page, { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' });
  await expect(text).toMatchFileSnapshot(join(CHECKOUT, 'docs/reference/flags.md'));
});
