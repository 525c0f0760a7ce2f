import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Acknowledgements } from './acknowledgements.ts';
import { BY_NAME, BY_SIZE, type City, type CityWrite } from './cities.ts';

const CITY: City = {
  id: 1,
  name: 'Town',
  otherCountries: '',
  country: 'XX',
  featureCode: 'PPL',
  region: '',
  population: 5,
  longitude: '1.5',
  latitude: '-2',
};

function write(id: number, table = BY_NAME): CityWrite {
  return { table, city: { ...CITY, id } };
}

test('counts a write once for each table, however often it is acknowledged', () => {
  const acknowledgements = new Acknowledgements();
  for (const each of [write(1), write(1), write(1, BY_SIZE), write(2)]) acknowledgements.add(each, 0);
  assert.equal(acknowledgements.count, 3);
  assert.deepEqual([...acknowledgements.of(BY_NAME)], [1, 2]);
  assert.deepEqual([...acknowledgements.of(BY_SIZE)], [1]);
});

test('finds the longest silence of a watched partition, from the beginning of the outage on', () => {
  const acknowledgements = new Acknowledgements();
  acknowledgements.add(write(1), 0);
  // Odd ids lie in partition 7, even ones elsewhere.
  acknowledgements.watch([7], ({ city }) => (city.id % 2 === 1 ? 7 : undefined), 1000);
  assert.equal(acknowledgements.longestGapMs, 0);
  acknowledgements.add(write(2), 2000);
  acknowledgements.add(write(3), 2500);
  acknowledgements.add(write(5), 2600);
  acknowledgements.add(write(4), 9000);
  acknowledgements.add(write(7), 3000);
  assert.equal(acknowledgements.longestGapMs, 1500);
});
