/** The site of a web address: the first half of a post's identity. Used when a source is added, by the API or the CLI. */
import { getDomain } from 'tldts';

/**
 * Registrable domain, blogs of one host told apart (`x.blogspot.com`); `host:port` for IP addresses and names without
 * one. undefined when it is no http(s) address.
 */
export function siteOf(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  return getDomain(url.hostname, { allowPrivateDomains: true }) ?? url.host;
}
