/** What the tests and the program in the virtual machine send each other. */
import type { commands } from './commands.ts';

export type Commands = typeof commands;

export interface Request {
  readonly command: keyof Commands;
  readonly args: readonly unknown[];
}

export type Answer = { readonly value: unknown } | { readonly error: string };

/** The machine's console shows this line when it takes commands. */
export const READY = 'ballast: the machine takes commands';
