/** `ballast doctor`: checks whether a cluster has what Ballast needs. */
import { Command } from 'commander';
import pc from 'picocolors';
import { EXIT_CODES } from '../exit-codes.ts';
import { type ClusterFlags, openClient, withClusterOptions } from '../kubernetes-access.ts';
import { print } from '../print.ts';
import { diagnose, type CheckResult } from './diagnose.ts';
import { readFacts } from './facts.ts';

interface Flags extends ClusterFlags {
  readonly json?: boolean;
}

const MARKS = { ok: pc.green('ok     '), warning: pc.yellow('warning'), error: pc.red('error  ') } as const;

function resultText({ check, level, message, remedy }: CheckResult): string {
  const line = `${MARKS[level]} ${pc.bold(check)}: ${message}`;
  return remedy === undefined ? line : `${line}\n        ${pc.dim('→')} ${remedy}`;
}

async function doctor(flags: Flags): Promise<void> {
  const client = await openClient(flags);
  try {
    const results = diagnose(await readFacts(client));
    print({ findings: results }, flags.json, () => results.map(resultText).join('\n'));
    if (results.some(({ level }) => level === 'error')) process.exitCode = EXIT_CODES.unfit.code;
  } finally {
    await client.close();
  }
}

export function doctorCommand(): Command {
  return withClusterOptions(new Command('doctor'), 'check this cluster')
    .description('check whether a cluster has what Ballast needs, and print a remedy for each problem')
    .option('--json', 'print the object instead of text')
    .action(doctor);
}
