import type { ChannelOptions } from '@grpc/grpc-js';
import { MIB, SECOND_MS } from '../base/units.ts';
import type { StreamKind } from '../wire/frames.ts';

/** No frame may be larger; a sender divides what is (SPLIT_FRAME_BYTES), so this is met only by a single huge element. */
export const MAX_FRAME_BYTES = 32 * MIB;

/** A frame over this is sent in parts, so that neither side handles more than this in one turn. */
export const SPLIT_FRAME_BYTES = 4 * MIB;

/**
 * Once this side has ended a stream: how long the other side may take nothing of what is still queued, and how long it may take
 * to end the stream, too.
 */
export const FAREWELL_MS = 500;

/** How long all streams and calls together may take for that when the transport is closed. */
export const CLOSE_LIMIT_MS = 3 * SECOND_MS;

/** How long a stream may stay open without its first frame. */
export const HELLO_TIMEOUT_MS = 5 * SECOND_MS;

/** A connection whose other side is silently gone is noticed after at most the sum of both. */
const KEEPALIVE_MS = 5 * SECOND_MS;
const KEEPALIVE_TIMEOUT_MS = 5 * SECOND_MS;

/** HTTP/2 windows: what one side may send ahead. Large enough that a frame needs no round trip of its own. */
const WINDOW_BYTES: Readonly<Record<StreamKind | 'admin', number>> = {
  control: 4 * MIB,
  bulk: 4 * MIB,
  requests: 8 * MIB,
  watch: MIB,
  admin: MIB,
};

const COMMON_OPTIONS: ChannelOptions = {
  'grpc.max_receive_message_length': MAX_FRAME_BYTES,
  'grpc.max_send_message_length': MAX_FRAME_BYTES,
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  'grpc.enable_channelz': 0,
};

/** Every channel has a connection of its own, tried at once, and is closed with its only stream or call: waiting is left to callers. */
export function clientOptions(kind: StreamKind | 'admin'): ChannelOptions {
  return {
    ...COMMON_OPTIONS,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    // Without a buffer for retries (there are none) a write counts as done when the network took it, which is what queued bytes
    // mean; and grpc-js spends no time on copying that buffer, which grows with the square of a backlog.
    'grpc.per_rpc_retry_buffer_size': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.keepalive_permit_without_calls': 1,
    'grpc-node.flow_control_window': WINDOW_BYTES[kind],
  };
}

export function serverOptions(): ChannelOptions {
  return { ...COMMON_OPTIONS, 'grpc-node.flow_control_window': Math.max(...Object.values(WINDOW_BYTES)) };
}
