/** Runs commands of the pages as a reader does: in a shell, at the top of a checkout. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CHECKOUT } from './markdown.ts';

const run = promisify(execFile);

export interface ShellSetup {
  /** Programs that are found, and the command that each stands for, its arguments following. */
  readonly programs: Readonly<Record<string, readonly string[]>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Files beside those of the checkout, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export class Shell implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ballast-reader-'));
  readonly #environment: NodeJS.ProcessEnv;

  constructor({ programs, environment = {}, files = {} }: ShellSetup) {
    const bin = this.#under('bin');
    for (const [name, command] of Object.entries(programs)) {
      const words = command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
      writeFileSync(join(bin, name), `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`);
      chmodSync(join(bin, name), 0o755);
    }
    const checkout = this.#under('checkout');
    for (const entry of readdirSync(CHECKOUT)) {
      if (entry !== '.git') symlinkSync(join(CHECKOUT, entry), join(checkout, entry));
    }
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(checkout, name)), { recursive: true });
      writeFileSync(join(checkout, name), content);
    }
    this.#environment = { ...process.env, NO_COLOR: '1', ...environment, PATH: `${bin}:${process.env['PATH']}` };
  }

  #under(name: string): string {
    const path = join(this.#folder, name);
    mkdirSync(path);
    return path;
  }

  /** What it printed. @throws with what it complained of where it fails */
  async run(command: string): Promise<string> {
    const options = {
      cwd: join(this.#folder, 'checkout'),
      env: this.#environment,
      timeout: 100_000,
      maxBuffer: 16 << 20,
    };
    const { stdout } = await run('sh', ['-c', command], options);
    return stdout;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
