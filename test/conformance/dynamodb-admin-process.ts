import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { freePorts } from '../harness/free-ports.ts';
import { until } from '../harness/until.ts';
import type { ConformanceCluster } from './conformance-cluster.ts';

/** What `/tables/NAME/items` answers: the page that a browser shows. */
export interface ItemsPage {
  readonly Items: readonly Readonly<Record<string, unknown>>[];
  /** Percent-encoded, as the links of the page have it. */
  readonly nextKey: string | null;
  readonly uniqueKeys: readonly string[];
}

export interface Page {
  readonly status: number;
  readonly text: string;
}

/** dynamodb-admin as its user starts it, and the requests that the pages, forms and buttons in a browser would send. */
export class DynamoDbAdmin {
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#process = child;
    this.#url = url;
  }

  /** Resolves when its first page shows. */
  static async start(cluster: ConformanceCluster): Promise<DynamoDbAdmin> {
    const port = await freePorts(1);
    const program = join(dirname(createRequire(import.meta.url).resolve('dynamodb-admin/package.json')), 'dist/dynamodb-admin.js');
    // Else it signs with a session token of its own invention, which a server that checks signatures refuses, as the service does.
    const words = ['--skip-default-credentials', '--host', '127.0.0.1', '--port', String(port), '--dynamo-endpoint', cluster.endpoint];
    const child = spawn(process.execPath, [program, ...words], {
      env: { ...process.env, ...cluster.environment, NODE_ENV: 'development' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    process.once('exit', () => child.kill('SIGKILL'));
    const admin = new DynamoDbAdmin(child, `http://127.0.0.1:${port}`);
    await until('dynamodb-admin shows its first page', async () => (await admin.visit('GET', '/').catch(() => undefined))?.status === 200);
    return admin;
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }

  async visit(method: string, path: string, body?: object): Promise<Page> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { connection: 'close', ...(body !== undefined && { 'content-type': 'application/json' }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  }

  /** Presses the button of the form for a new item. It reads what it wrote, eventually consistent, and answers 404 when that is too early. */
  async add(table: string, item: object): Promise<void> {
    const { status, text } = await this.visit('PUT', `/tables/${table}/add-item`, item);
    assert.ok(status === 200 || (status === 404 && text === 'Not found'), `${status} ${text}`);
  }

  async items(table: string, query: Readonly<Record<string, string>>): Promise<ItemsPage> {
    const { status, text } = await this.visit('GET', `/tables/${table}/items?${new URLSearchParams(query)}`);
    assert.equal(status, 200, text);
    return JSON.parse(text) as ItemsPage;
  }
}
