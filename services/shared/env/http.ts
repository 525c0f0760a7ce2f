/** What comes before the body of an HTTP request. */
export interface HttpRequestHead {
  readonly method: string;
  /** The request target as sent: path and query. */
  readonly path: string;
  readonly headers: HttpHeaders;
}

/** One HTTP request with its whole body, as the server hands it over. */
export interface HttpRequest extends HttpRequestHead {
  /** When it fills its buffer it is alone in it, and whoever handles the request may give the buffer away. */
  readonly body: Buffer;
  /** SHA-256 of the body in lower-case hexadecimal, where it was computed while the body arrived. */
  readonly bodySha256?: string;
}

/** Headers by lower-case name, with duplicates visible: what signs a request must know that a name came twice. */
export interface HttpHeaders {
  /** The value; undefined when the header is absent. Of several, the first. */
  get(name: string): string | undefined;
  /** Every value of the name, in the order sent. */
  all(name: string): readonly string[];
}

/** Answers the requests that a server takes. */
export interface HttpHandler {
  /** Must not reject: a rejection is our mistake, logged and answered with 500. */
  handle(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Asked before a long body is read: what `handle` would answer whatever that body is; undefined when the body decides. Without it
   * every body is read.
   */
  answerByHead?(head: HttpRequestHead): Promise<HttpResponse> | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}
