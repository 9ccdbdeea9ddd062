/** What each service is to the process that runs it. */
import type { Addressing } from '../http/downstream.ts';
import type { Routes } from '../http/server.ts';

interface Setting {
  /** Directory for what the service stores. */
  readonly data: string;
  readonly addressing: Addressing;
}

interface Service {
  readonly routes: Routes;
  /** Gives back what it holds, once the last request has been answered. */
  close?(): Promise<void> | void;
}

/** Each module of a service exports one of these as `create`. */
export type CreateService = (setting: Setting) => Service;

export const SERVICE_NAMES = [
  'frontend',
  'search',
  'geo',
  'rate',
  'profile',
  'recommendation',
  'reservation',
  'user',
] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];
