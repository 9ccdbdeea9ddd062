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
