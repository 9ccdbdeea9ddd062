/** No command of the pages is left to chance: each is run by a test, which is named in support/accounts.ts. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accountOf, idleRules } from './support/accounts.ts';
import { type DocumentedCommand, documentedCommands } from './support/documented-commands.ts';
import { CHECKOUT } from './support/markdown.ts';

const commands = documentedCommands();

function at({ file, line, text }: DocumentedCommand): string {
  return `${file}:${line}: ${text}`;
}

test('each command is run by a test', () => {
  expect(commands.length).toBeGreaterThan(100);
  expect(commands.filter((command) => accountOf(command) === undefined).map(at)).toEqual([]);
});

test('no rule is for commands that there are no more', () => {
  expect(idleRules(commands)).toEqual([]);
});

test('each test that is named is there, and runs what it is named for', () => {
  for (const command of commands) {
    const account = accountOf(command);
    if (account?.kind !== 'test') continue;
    expect(readFileSync(join(CHECKOUT, account.file), 'utf8'), at(command)).toContain(account.holds);
  }
});

test('paths that are to be tested exist', () => {
  for (const command of commands) {
    const path = /^npx vitest run (\S+)/.exec(command.text)?.[1];
    if (path !== undefined) expect(existsSync(join(CHECKOUT, path)), at(command)).toBe(true);
  }
});

describe('flags that are not tried are known to their programs', () => {
  /** Arguments that choose a part of a program with a help of its own. */
  function helpOf(program: string, text: string): string {
    const [, part] = /(?:bench(?: --)?|lab --) ([\w-]+)/.exec(text) ?? [];
    const args = [join(CHECKOUT, program), ...(part === undefined ? [] : [part]), '--help'];
    return execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], { encoding: 'utf8' });
  }

  const checked = commands.flatMap((command) => {
    const account = accountOf(command);
    return account?.kind !== 'run' && account?.program !== undefined ? [{ command, program: account.program }] : [];
  });
  const helps = new Map<string, string>();

  test.each(checked.map((each) => [at(each.command), each] as const))('%s', (_name, { command, program }) => {
    const key = `${program} ${/(?:bench(?: --)?|lab --) ([\w-]+)/.exec(command.text)?.[1]}`;
    const help = helps.get(key) ?? helpOf(program, command.text);
    helps.set(key, help);
    expect(help).toContain('Usage:');
    for (const [flag] of command.text.matchAll(/(?<=\s)--[a-z][\w-]*/g)) expect(help).toMatch(new RegExp(`${flag}\\b`));
  });
});
