/** Made-up names of songs and artists, each its own; none has a comma. */

const words = (text: string): string[] => text.split(/\s+/);

const QUALITIES =
  words(`Amber Broken Crimson Distant Electric Faded Golden Hollow Icy Jagged Kind Little Midnight Northern Open Paper
  Quiet Restless Silver Tender Urban Velvet Winter Yellow Zero Burning Silent Second Lonely Wild`);
const THINGS =
  words(`Anchor Avenue Bridge Cathedral Carousel Daylight Echo Ferry Garden Harbour Island Journey Kingdom Lantern
  Mirror Needle Ocean Parade Quarry River Satellite Tide Umbrella Valley Weather Window Yard Zephyr Highway
  Letter`);
const FIRST_NAMES = words(`Ada Bruno Carla Dario Elin Farid Greta Hana Ivo June Kofi Lena`);
const LAST_NAMES = words(`Abel Bright Castell Dorn Ekman Fields Grau Holm Ito Juarez`);

/** Number from 0 to 899. */
export function songName(number: number): string {
  return `${QUALITIES[number % QUALITIES.length]} ${THINGS[Math.floor(number / QUALITIES.length)]}`;
}

/** Number from 0 to 119. */
export function artistName(number: number): string {
  return `${FIRST_NAMES[number % FIRST_NAMES.length]} ${LAST_NAMES[Math.floor(number / FIRST_NAMES.length)]}`;
}
