/** The first is what the outside asks. */
export const SERVICE_NAMES = ['video-recommendation', 'user-service', 'video-service'] as const;

export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Where each listens when it is not told otherwise, so that all three can run on one machine. */
export const DEFAULT_PORTS: Readonly<Record<ServiceName, number>> = {
  'video-recommendation': 8080,
  'user-service': 8081,
  'video-service': 8082,
};
