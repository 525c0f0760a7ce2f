import type { Digest } from '../../../../shared/env/digest.ts';
import { SIGNING_KEYS_CACHED } from '../../../../shared/limits/api-limits.ts';
import { RecentMap } from '../recent-map.ts';
import { HmacKey } from './hmac-key.ts';

interface CachedKey {
  readonly secret: string;
  readonly key: HmacKey;
}

/** Signing keys: four HMACs over secret, day, region and service, kept for as long as clients use them. */
export class SigningKeys {
  readonly #digest: Digest;
  readonly #region: string;
  readonly #service: string;
  readonly #recent = new RecentMap<CachedKey>(SIGNING_KEYS_CACHED);

  constructor(digest: Digest, region: string, service: string) {
    this.#digest = digest;
    this.#region = region;
    this.#service = service;
  }

  /** `day` is eight digits. A secret that changed under its access key gives a new signing key at once. */
  key(accessKeyId: string, secret: string, day: string): HmacKey {
    const name = `${day}/${accessKeyId}`;
    const cached = this.#recent.get(name);
    if (cached?.secret === secret) return cached.key;
    const key = new HmacKey(this.#digest, this.derive(secret, day));
    this.#recent.set(name, { secret, key });
    return key;
  }

  /** The bytes of a signing key, without the cache. */
  derive(secret: string, day: string): Uint8Array {
    const ofDay = this.#digest.hmacSha256(`AWS4${secret}`, day);
    const ofRegion = this.#digest.hmacSha256(ofDay, this.#region);
    const ofService = this.#digest.hmacSha256(ofRegion, this.#service);
    return this.#digest.hmacSha256(ofService, 'aws4_request');
  }
}
