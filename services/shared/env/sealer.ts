/** Keeps secrets from whoever reads where they are stored: sealed under a key that the operator supplies. */
export interface Sealer {
  /** Names the method and the key; stored beside what was sealed, so that a wrong key is told from damage. */
  readonly name: string;
  /** The sealed text, good for the owner `boundTo` alone; sealing the same again gives another one. */
  seal(secret: string, boundTo: string): string;
  /** Undefined when this key did not seal it for this owner, or when it was changed. */
  open(sealed: string, boundTo: string): string | undefined;
}
