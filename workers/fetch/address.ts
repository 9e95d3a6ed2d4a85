/**
 * Which addresses may be fetched: public ones over http and https, and those the operator allowed by host and port.
 * Called by fetcher.ts: `checkUrl` before each hop, and the connector when it really connects, so that neither a
 * redirect nor a name that resolves to the inside gets through.
 * Try it: `checkUrl(new URL('http://2130706433/'), new Set(), 'typed')` throws `private_address`.
 */
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { buildConnector } from 'undici';
import { SourceError } from '../../shared/errors.ts';

const WEB_PORTS = new Set(['80', '443']);
const NAMES_OF_THE_INSIDE = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa)\.?$/;

/** `host:port` of servers that may be asked although they are of the inside; a Set of them, or a rule. */
export interface Allowed {
  has(hostAndPort: string): boolean;
}

/** Port of the URL as written or by its scheme. */
function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}

/** Lower-case `host:port`, the form of the operator's list; IPv6 hosts keep their brackets. */
export function hostAndPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

/** True for an address of the public internet; v4 addresses mapped into v6 are judged as v4. */
function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  // the deprecated v4-compatible block (::a.b.c.d) counts as unicast, yet may lead to a v4 address of the inside
  return parsed.kind() === 'ipv4' || !parsed.toNormalizedString().startsWith('0:0:0:0:0:0:');
}

/**
 * Throws SourceError when the URL may not be fetched. `how` only chooses the words: an address typed by a person is
 * `bad_settings`, one that a site redirects to is `blocked`.
 */
export function checkUrl(url: URL, allowed: Allowed, how: 'typed' | 'redirect'): void {
  const code = how === 'typed' ? 'bad_settings' : 'blocked';
  const subject = how === 'typed' ? 'the address' : 'the site redirects to an address that';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new SourceError(code, `${subject} is ${url.protocol} and not http or https`);
  }
  if (url.username || url.password) {
    throw new SourceError(code, `${subject} holds a user name or password: ${url.hostname}`);
  }
  if (allowed.has(hostAndPort(url))) return;
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  if (NAMES_OF_THE_INSIDE.test(bare) || (isIP(bare) !== 0 && !isPublicAddress(bare)))
    throw privateAddress(url.hostname);
  if (!WEB_PORTS.has(portOf(url))) {
    throw new SourceError(code, `${subject} uses port ${portOf(url)}; only 80 and 443 are fetched: ${url.hostname}`);
  }
}

/** A connector for undici that connects only where `checkUrl` allows and re-checks the address it ended up at. */
export function guardedConnector(allowed: Allowed, timeoutMs: number): buildConnector.connector {
  const free = buildConnector({ timeout: timeoutMs });
  const guarded = buildConnector({ timeout: timeoutMs, lookup: publicLookup });
  return (options, callback) => {
    const port = options.port || (options.protocol === 'https:' ? '443' : '80');
    const bare = options.hostname.replace(/^\[|\]$/g, '');
    const written = isIP(bare) === 6 ? `[${bare}]` : bare;
    if (allowed.has(`${written}:${port}`)) return free(options, callback);
    if (isIP(bare) !== 0 && !isPublicAddress(bare)) return callback(privateAddress(written), null);
    guarded(options, (...result) => {
      const [error, socket] = result;
      if (error) return callback(error, null);
      if (!socket.remoteAddress || !isPublicAddress(socket.remoteAddress)) {
        socket.destroy();
        return callback(privateAddress(written), null);
      }
      callback(null, socket);
    });
  };
}

/** Drops private answers before a connection is tried, so that nothing of the inside is even knocked at. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    const [first, ...more] = addresses.filter(({ address }) => isPublicAddress(address));
    if (!first) return callback(privateAddress(hostname), '', 0);
    if (options.all) return callback(null, [first, ...more]);
    callback(null, first.address, first.family);
  });
};

function privateAddress(host: string): SourceError {
  return new SourceError('private_address', `${host} is not an address of the public internet`);
}
