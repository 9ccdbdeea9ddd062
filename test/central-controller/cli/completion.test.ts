import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { completionScript } from '../../../central-controller/cli/completion.ts';
import { createProgram } from '../../../central-controller/cli/program.ts';

/** Bash's completions of the last word. */
function completed(...words: string[]): string[] {
  const script = `${completionScript(createProgram(), 'bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ballast; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const run = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  return run.stdout.split('\n').filter(Boolean);
}

describe('completion in bash', () => {
  it.each([
    [['ballast', 'st'], ['status']],
    [['ballast', ''], expect.arrayContaining(['demo', 'bench', 'doctor', '--version']) as string[]],
    [
      ['ballast', 'weights', ''],
      ['get', 'set', 'clear', '--help'],
    ],
    [['ballast', 'weights', 'set', 'geo', '--t'], ['--ttl']],
    [['ballast', 'simulate', '--drain', 'node-1', '--m'], ['--move']],
    [['ballast', 'render', 'statefulset', '--or'], ['--ordinals']],
  ])('%j', (words, offered) => {
    expect(completed(...words)).toEqual(offered);
  });
});

it.each(['zsh', 'fish'] as const)('completion in %s has every command and option', (shell) => {
  const script = completionScript(createProgram(), shell);
  for (const command of createProgram().commands) {
    expect(script).toContain(command.name());
    for (const { long } of command.options) expect(script).toContain(long?.slice(2));
  }
});
