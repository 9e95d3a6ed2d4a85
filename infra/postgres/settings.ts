/**
 * The settings the embedded server starts with, given on its command line: they win over postgresql.conf, so a new
 * version of Sada changes them for old data too. Called by the launcher. Try it: `serverSettings(54329, 8 * 2 ** 30)`.
 */
import { totalmem } from 'node:os';

/** `memoryBytes` is what the machine, or the container, has. `extra` wins. */
export function serverSettings(
  port: number,
  memoryBytes: number,
  extra: Record<string, string> = {},
): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: `${sharedBuffersMb(memoryBytes)}MB`,
    max_wal_size: '4GB', // bulk imports otherwise checkpoint every few seconds
    random_page_cost: '1.1', // solid state disks: index scans are cheap
    jit: 'off', // compiling costs more than our queries take
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ', // errors.ts reads the process number
    lc_messages: 'C', // and English
    log_destination: 'stderr',
    logging_collector: 'off',
    ...extra,
  };
}

/** 512 MB, and an eighth of the memory on machines with less than 4 GB. */
export function sharedBuffersMb(memoryBytes: number): number {
  return Math.max(64, Math.min(512, Math.floor(memoryBytes / 8 / 2 ** 20)));
}

/** The memory that this process may use: the container's limit where there is one. */
export function memoryBytes(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
