/** A directory of files with given contents, for readers of kernel files. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Contents by path. */
export type Tree = Readonly<Record<string, string>>;

export function writeTree(root: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

/** A new directory with the tree in it, removed when the test ends. */
export function temporaryTree(tree: Tree): string {
  const root = mkdtempSync(join(tmpdir(), 'ballast-agent-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeTree(root, tree);
  return root;
}
