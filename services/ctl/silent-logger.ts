import type { Logger } from '../shared/env/logger.ts';

/** For libraries used by a command: what goes wrong reaches the caller as an error or a finding. */
export const SILENT_LOGGER: Logger = { debug() {}, info() {}, warn() {}, error() {}, with: () => SILENT_LOGGER };
