import { describe, expect, test } from 'vitest';
import { Query } from '../../../apps/hotel-reservation/http/query.ts';

function query(text: string): Query {
  return new Query(new URLSearchParams(text));
}

describe('a query', () => {
  test('is read field by field', () => {
    const fields = query(
      'lat=37.8&lon=-122.1&inDate=2015-04-09&outDate=2015-04-11&number=2&hotelId=80&hotelIds=3,5000',
    );
    expect(fields.place()).toEqual({ lat: 37.8, lon: -122.1 });
    expect(fields.stay().nights).toBe(2);
    expect(fields.rooms()).toBe(2);
    expect(fields.hotel()).toBe(80);
    expect(fields.hotels()).toEqual([3, 5000]);
    expect(query('hotelIds=').hotels()).toEqual([]);
  });

  test.each<[string, (fields: Query) => unknown, RegExp]>([
    ['lon=1', (fields) => fields.place(), /^lat: is missing$/],
    ['lat=91&lon=1', (fields) => fields.place(), /^lat: must be a number from -90 to 90$/],
    ['lat=north&lon=1', (fields) => fields.place(), /^lat:/],
    ['lat=1&lon=NaN', (fields) => fields.place(), /^lon:/],
    ['outDate=2015-04-09', (fields) => fields.stay(), /^inDate: is missing$/],
    ['inDate=2015-04-31&outDate=2015-05-02', (fields) => fields.stay(), /^inDate: must be a date/],
    ['inDate=2015-04-09&outDate=2015-04-09', (fields) => fields.stay(), /^outDate: must be after inDate$/],
    ['inDate=2015-04-09&outDate=2015-05-10', (fields) => fields.stay(), /^outDate: must be at most 30 nights/],
    ['number=0', (fields) => fields.rooms(), /^number: must be a whole number from 1 to 20$/],
    ['number=1.5', (fields) => fields.rooms(), /^number:/],
    ['number=-1', (fields) => fields.rooms(), /^number:/],
    ['hotelId=5001', (fields) => fields.hotel(), /^hotelId: is not the number of a hotel$/],
    ['hotelIds=1,,2', (fields) => fields.hotels(), /^hotelIds:/],
    [`hotelIds=${'1,'.repeat(100)}1`, (fields) => fields.hotels(), /^hotelIds: has more than 100 hotels$/],
    ['', (fields) => fields.hotels(), /^hotelIds: is missing$/],
    ['require=best', (fields) => fields.oneOf('require', ['dis', 'rate']), /^require: must be one of dis, rate$/],
    [`username=${'x'.repeat(201)}`, (fields) => fields.text('username'), /^username: is longer than 200/],
  ])('%s is refused with the name of the field', (text, read, message) => {
    expect(() => read(query(text))).toThrow(
      expect.objectContaining({ status: 400, message: expect.stringMatching(message) }),
    );
  });
});
