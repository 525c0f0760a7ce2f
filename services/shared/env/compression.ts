/** Compression of HTTP bodies, done beside the loop. */
export interface Compression {
  gzip(bytes: Uint8Array): Promise<Buffer>;
  /** The original; `damaged` for what is no whole gzip stream; `too-large` once there are more than `bytesMax`, which are never made. */
  gunzip(bytes: Uint8Array, bytesMax: number): Promise<Buffer | 'damaged' | 'too-large'>;
}
