/**
 * One form for the many addresses of one page, so that copies of an article are known as copies.
 * Called by feeds/items.ts and by whatever compares links.
 * Try it: `canonicalUrl('https://m.example.ma/a/?utm_source=x#top')` is `https://example.ma/a`.
 */
import { getDomain } from 'tldts';

/** Parameters that say where a reader came from, never which page it is. `p`, `id`, `v` and `paged` are pages: kept. */
const TRACKING =
  /^(utm_.*|fbclid|gclid|dclid|msclkid|igshid|mc_cid|mc_eid|ref_src|_ga|at_medium|at_campaign|xtor|oc|amp)$/i;
const TRACKING_BY_DOMAIN: Record<string, RegExp> = {
  'x.com': /^(s|t)$/,
  'youtube.com': /^(feature|si|pp)$/,
};

/**
 * The canonical form, absolute, without fragment; undefined when it is not a web address. `base` resolves a relative
 * one. The host loses `www.`, `m.` and `amp.`, the path a trailing slash or `/amp`, and the query is sorted.
 */
export function canonicalUrl(address: string, base?: string): string | undefined {
  const url = webUrl(address, base);
  if (!url) return undefined;
  url.hash = '';
  url.username = '';
  url.password = '';
  url.hostname = plainHost(url.hostname);
  renameSites(url);
  const ofSite = TRACKING_BY_DOMAIN[url.hostname];
  // a name without a value, as in `?amp`, is listed like any other
  for (const name of [...url.searchParams.keys()]) {
    if (TRACKING.test(name) || ofSite?.test(name)) url.searchParams.delete(name);
  }
  url.searchParams.sort();
  const path = url.pathname
    .replace(/%[0-9a-f]{2}/gi, (code) => code.toUpperCase())
    .replace(/\/+$/, '')
    .replace(/\/amp$/, '');
  url.pathname = path || '/';
  return path === '' && url.search === '' ? url.origin : url.href;
}

/** The address as an absolute http or https URL, or undefined. */
export function webUrl(address: string, base?: string): URL | undefined {
  const text = address.trim();
  if (text === '' || !URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

function plainHost(hostname: string): string {
  const rest = hostname.replace(/^(www|m|amp)\./, '');
  // `m.me` is a site of its own, not the mobile side of `me`
  return rest !== hostname && getDomain(rest) ? rest : hostname;
}

function renameSites(url: URL): void {
  if (url.hostname === 'twitter.com' || url.hostname === 'mobile.twitter.com') url.hostname = 'x.com';
  if (url.hostname === 't.me') url.pathname = url.pathname.replace(/^\/s\//, '/');
  if (url.hostname !== 'youtu.be') return;
  const [, id] = /^\/([\w-]+)\/?$/.exec(url.pathname) ?? [];
  if (!id) return;
  url.hostname = 'youtube.com';
  url.pathname = '/watch';
  url.searchParams.set('v', id);
}
