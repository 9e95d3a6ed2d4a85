/**
 * Puts a failed request into words and codes: a status that is no success, or an error of the network.
 * Called by fetcher.ts. The messages name the host and the reason, never what was in the body.
 * Try it: `networkFailure('example.ma', error)`.
 */
import { SourceError, type SourceErrorCode } from '../../shared/errors.ts';

export interface StatusFailure {
  code: SourceErrorCode;
  message: string;
  /** `pause`: the site asked for rest. `failure`: it is unwell. `final`: waiting does not help. */
  cure: 'pause' | 'failure' | 'final';
}

/** undefined for what counts as an answer: 2xx and 304. `hasWait`: the answer says how long to wait. */
export function statusFailure(host: string, status: number, hasWait: boolean): StatusFailure | undefined {
  if ((status >= 200 && status < 300) || status === 304) return undefined;
  const says = `${host} answers ${status}`;
  if (status === 404) return { code: 'not_found', message: `${says}: there is nothing at this address`, cure: 'final' };
  if (status === 410) return { code: 'gone', message: `${says}: gone for good`, cure: 'final' };
  if (status === 429) return { code: 'rate_limited', message: `${says}: too many requests`, cure: 'pause' };
  if (status === 503 && hasWait)
    return { code: 'server_error', message: `${says}: busy, come back later`, cure: 'pause' };
  if (status === 403 && hasWait) return { code: 'rate_limited', message: `${says} and asks to wait`, cure: 'pause' };
  if ([401, 402, 403, 407, 451].includes(status)) {
    return { code: 'blocked', message: `${says}: access is refused`, cure: 'final' };
  }
  if (status === 408 || status === 425) return { code: 'timeout', message: `${says}: not in time`, cure: 'failure' };
  if (status >= 500) return { code: 'server_error', message: `${says}: trouble at the site`, cure: 'failure' };
  if (status >= 400) return { code: 'bad_settings', message: `${says}: the request is not accepted`, cure: 'final' };
  return { code: 'server_error', message: `${says}, which is no answer to a page`, cure: 'failure' };
}

/** The SourceError for what undici or the network threw; `code` and words only, the wait is the caller's. */
export function networkFailure(host: string, error: unknown): SourceError {
  const found = sourceErrorIn(error);
  if (found) return found;
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'HPE_HEADER_OVERFLOW') {
    return new SourceError('too_large', `${host} sent headers of more than 40 kB`);
  }
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return new SourceError('timeout', `${host} did not answer in time`);
  if (/^(ENOTFOUND|EAI_)/.test(code)) return new SourceError('unreachable', `the name ${host} cannot be found`);
  if (code === 'ECONNREFUSED') return new SourceError('unreachable', `${host} refuses connections`);
  if (/CERT|SIGNED|SIGNATURE|^ERR_(TLS|SSL)|^EPROTO$/.test(code)) {
    return new SourceError('unreachable', `${host} has no valid certificate`);
  }
  // the site itself ended the answer; a connection that breaks on the way is told below
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return new SourceError('server_error', `${host} sent less than it announced`);
  }
  return new SourceError('unreachable', `the connection to ${host} broke${code ? ` (${code})` : ''}`);
}

/** Whether the host's health caused it, so that waiting helps. */
export function isHostFailure(code: SourceErrorCode): boolean {
  return code === 'timeout' || code === 'unreachable' || code === 'server_error';
}

function sourceErrorIn(error: unknown): SourceError | undefined {
  if (error instanceof SourceError) return error;
  if (error instanceof AggregateError) return error.errors.map(sourceErrorIn).find((inner) => inner !== undefined);
  if (error instanceof Error && error.cause !== undefined) return sourceErrorIn(error.cause);
  return undefined;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}
