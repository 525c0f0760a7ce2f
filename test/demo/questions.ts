import { type DynamoDBClient, paginateQuery, QueryCommand } from '@aws-sdk/client-dynamodb';
import { BY_NAME, BY_SIZE, type City, type CityTable, cityItem, type Item } from './cities.ts';
import { sameItem } from './verify.ts';

export interface Answers {
  /** The answers to show, a line each. */
  readonly lines: readonly string[];
  readonly queries: number;
  /** Questions whose answer was not what the data says. */
  readonly wrong: number;
  readonly elapsedMs: number;
}

const LARGEST = 5;
const WALK_PAGE = 500;

/** Asks by Query what the tables are for, and checks each answer against the data in memory. */
export async function askQuestions(client: DynamoDBClient, cities: readonly City[]): Promise<Answers> {
  const questions = new Questions(client, cities);
  const startedAtMs = performance.now();
  for (const country of questions.largestCountries(5)) await questions.largestCities(country);
  const largest = questions.largestCountries(1)[0] ?? '';
  for (const prefix of ['San ', 'New ', 'Z']) await questions.citiesByPrefix(largest, prefix);
  await questions.walk(largest);
  return { lines: questions.lines, queries: questions.queries, wrong: questions.wrong, elapsedMs: performance.now() - startedAtMs };
}

class Questions {
  readonly lines: string[] = [];
  queries = 0;
  wrong = 0;
  readonly #client: DynamoDBClient;
  readonly #byCountry = new Map<string, City[]>();

  constructor(client: DynamoDBClient, cities: readonly City[]) {
    this.#client = client;
    for (const city of cities) {
      const ofCountry = this.#byCountry.get(city.country);
      if (ofCountry === undefined) this.#byCountry.set(city.country, [city]);
      else ofCountry.push(city);
    }
  }

  /** The countries with most cities. */
  largestCountries(most: number): string[] {
    return [...this.#byCountry]
      .sort((a, b) => b[1].length - a[1].length)
      .slice(0, most)
      .map(([country]) => country);
  }

  async largestCities(country: string): Promise<void> {
    const { Items } = await this.#client.send(
      new QueryCommand({
        TableName: BY_SIZE.name,
        KeyConditionExpression: 'country = :country',
        ExpressionAttributeValues: { ':country': { S: country } },
        ScanIndexForward: false,
        Limit: LARGEST,
        ConsistentRead: true,
      }),
    );
    this.queries++;
    const expected = this.#inOrder(BY_SIZE, country).reverse().slice(0, LARGEST);
    const names = expected.map(({ name, population }) => `${name} (${population})`).join(', ');
    this.#answer(`largest cities of ${country}: ${names}`, BY_SIZE, expected, Items ?? []);
  }

  async citiesByPrefix(country: string, prefix: string): Promise<void> {
    const expected = this.#inOrder(BY_NAME, country).filter(({ name }) => name.startsWith(prefix));
    const items: Item[] = [];
    const input = {
      TableName: BY_NAME.name,
      KeyConditionExpression: 'country = :country AND begins_with(nameAndId, :prefix)',
      ExpressionAttributeValues: { ':country': { S: country }, ':prefix': { S: prefix } },
    };
    for await (const page of paginateQuery({ client: this.#client }, input)) {
      this.queries++;
      items.push(...(page.Items ?? []));
    }
    this.#answer(`cities of ${country} that begin with "${prefix}": ${expected.length}`, BY_NAME, expected, items);
  }

  /** Every city of the country in order of name, page by page. */
  async walk(country: string): Promise<void> {
    const expected = this.#inOrder(BY_NAME, country);
    const items: Item[] = [];
    let pages = 0;
    const input = {
      TableName: BY_NAME.name,
      KeyConditionExpression: 'country = :country',
      ExpressionAttributeValues: { ':country': { S: country } },
      Limit: WALK_PAGE,
    };
    for await (const page of paginateQuery({ client: this.#client }, input)) {
      pages++;
      items.push(...(page.Items ?? []));
    }
    this.queries += pages;
    this.#answer(`all ${expected.length} cities of ${country} by name, in ${pages} pages`, BY_NAME, expected, items);
  }

  #inOrder(table: CityTable, country: string): City[] {
    const ofCountry = (this.#byCountry.get(country) ?? []).map((city) => ({ city, key: Buffer.from(table.sortKey(city)) }));
    return ofCountry.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ city }) => city);
  }

  #answer(line: string, table: CityTable, expected: readonly City[], items: readonly Item[]): void {
    const right = items.length === expected.length && expected.every((city, at) => sameItem(items[at] ?? {}, cityItem(table, city)));
    if (!right) this.wrong++;
    this.lines.push(`${right ? 'right' : 'WRONG'}: ${line}`);
  }
}
