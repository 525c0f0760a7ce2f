import { KIB } from '../base/units.ts';

/** Buffers come in multiples of this, so that a page can grow a little in its place and buffers fit again. */
const STEP_BYTES = 512;

/** Longer pages hold a single entry with a long key; their buffers are not kept. */
const KEPT_BYTES_MAX = 8 * KIB;

/** Of each length so many are kept for the next page. */
const KEPT_EACH_MAX = 256;

/** A page whose buffer has so much more than it needs moves to a smaller one. */
const SPARE_BYTES_MAX = 2 * KIB;

/**
 * The memory of leaves. Changes happen in place and buffers of gone pages are used again: a new one for each change was
 * measured to cost more than all the rest of a put, most of it in the garbage collector.
 *
 * An image is a view from the beginning of its buffer; what of the buffer lies behind it is room to grow.
 */
export class PageBuffers {
  readonly #kept: Buffer[][] = Array.from({ length: KEPT_BYTES_MAX / STEP_BYTES + 1 }, () => []);

  /** An image of this length, with any content. */
  take(length: number): Buffer {
    const steps = Math.ceil(length / STEP_BYTES);
    const buffer = this.#kept[steps]?.pop() ?? Buffer.allocUnsafeSlow(steps * STEP_BYTES);
    return buffer.length === length ? buffer : viewOf(buffer, length);
  }

  /** A copy of bytes in a buffer that may be changed. */
  copy(bytes: Uint8Array): Buffer {
    const image = this.take(bytes.length);
    image.set(bytes);
    return image;
  }

  /** The same image with another length: in its place if that fits, else moved, with its content. Replaces the one given. */
  resize(image: Buffer, length: number): Buffer {
    const capacityBytes = image.buffer.byteLength;
    if (length <= capacityBytes && capacityBytes - length <= SPARE_BYTES_MAX)
      return image.length === length ? image : viewOf(image, length);
    const moved = this.take(length);
    image.copy(moved, 0, 0, Math.min(length, image.length));
    this.give(image);
    return moved;
  }

  /** Takes the buffer of an image back. Nothing may look at the image any more. */
  give(image: Buffer): void {
    const capacityBytes = image.buffer.byteLength;
    if (capacityBytes === 0 || capacityBytes > KEPT_BYTES_MAX) return;
    const kept = this.#kept[capacityBytes / STEP_BYTES] as Buffer[];
    if (kept.length < KEPT_EACH_MAX) kept.push(viewOf(image, capacityBytes));
  }
}

/** What an image occupies, with its room to grow. */
export function bufferBytes(image: Buffer): number {
  return image.buffer.byteLength;
}

/** Another length over the same buffer. */
function viewOf(image: Buffer, length: number): Buffer {
  return Buffer.from(image.buffer, 0, length);
}
