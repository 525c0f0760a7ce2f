import type { HttpRequestHead, HttpResponse } from '../../../shared/env/http.ts';

/**
 * Scripts of any site may call, as with the service: a request carries its own signature, so a browser gives away nothing that the site did not
 * know. Headers as the authors of dynalite recorded them.
 */
const ANY_ORIGIN = { 'Access-Control-Allow-Origin': '*' };
/** How long a browser remembers the answer, in seconds. */
const PREFLIGHT_REMEMBERED_S = 172_800;

export function allowOrigin(response: HttpResponse): HttpResponse {
  return { ...response, headers: { ...response.headers, ...ANY_ORIGIN } };
}

/** What a browser asks before it sends a request to another origin: all that it asks for is allowed. */
export function preflightHeaders({ headers }: HttpRequestHead): Record<string, string> {
  const names = headers.get('access-control-request-headers');
  const method = headers.get('access-control-request-method');
  return {
    ...ANY_ORIGIN,
    ...(names === undefined ? undefined : { 'Access-Control-Allow-Headers': names }),
    ...(method === undefined ? undefined : { 'Access-Control-Allow-Methods': method }),
    'Access-Control-Max-Age': String(PREFLIGHT_REMEMBERED_S),
  };
}
