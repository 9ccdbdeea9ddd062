/** docs/reference/flags.md, made from the command lines of the two programs that a cluster runs. */
import type { Command } from 'commander';
import { sectionsOf } from '../central-controller/cli/cli-page.ts';

const INTRODUCTION = `What the two programs that a cluster runs take on their command lines. The shipped manifests set what they need:
change it there, in \`istio-configs/base\`, or by the values of the chart.`;

export function flagsPage(programs: readonly Command[]): string {
  return [
    '<!-- Made from central-controller/options.ts and host-agent/options.ts. -->',
    '# Flags of the controller and the agent',
    INTRODUCTION,
    ...programs.flatMap((program) => sectionsOf(program, program.name())),
  ].join('\n\n');
}
