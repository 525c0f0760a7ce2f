/** One HTTP request with its whole body, as the server hands it over. */
export interface HttpRequest {
  readonly method: string;
  /** The request target as sent: path and query. */
  readonly path: string;
  readonly headers: HttpHeaders;
  readonly body: Buffer;
}

/** Headers by lower-case name, with duplicates visible: what signs a request must know that a name came twice. */
export interface HttpHeaders {
  /** The value; undefined when the header is absent. Of several, the first. */
  get(name: string): string | undefined;
  /** Every value of the name, in the order sent. */
  all(name: string): readonly string[];
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}
