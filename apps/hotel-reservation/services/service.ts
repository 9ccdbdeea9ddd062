/** The names of the services, and what each of them is to the process that runs it. */
import type { Routes } from '../http/server.ts';

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

/** Where the other services are. */
export interface Addressing {
  /**
   * `ip:port` of the sidecar's outbound listener: every connection goes there, and the Host header names the service.
   */
  readonly meshOutbound?: string;
  /** `ip:port` by service name, for running without mesh and DNS. */
  readonly addresses?: Readonly<Partial<Record<ServiceName, string>>>;
}

interface ServiceContext {
  /** Directory for what the service stores. */
  readonly data: string;
  readonly addressing: Addressing;
}

interface Service {
  readonly routes: Routes;
  /** Releases what the service holds. The process calls it after the last request has been answered. */
  close?(): Promise<void> | void;
}

/** The module of each service exports one of these as `create`. */
export type CreateService = (context: ServiceContext) => Service;
