/**
 * Net sentiment and its interval: the one function behind every figure of the API, the dashboard, alerts and e-mails.
 * net = (positive − negative) / scored, in [−1, 1]. Try it: `netSentiment({ positive: 30, negative: 10, scored: 60 })`.
 */

/** Two-sided 95 % of the normal distribution. */
const Z = 1.96;

export interface Net {
  net: number;
  /** Ends of the 95 % interval; the net lies between them. */
  low: number;
  high: number;
}

/**
 * Net of `scored` posts, or null when none is scored. The interval is the adjusted Wald of Bonett & Price (2012),
 * "Adjusted Wald confidence interval for a difference of binomial proportions based on paired data", Journal of
 * Educational and Behavioral Statistics 37(4), 479–488: a difference of two shares of one multinomial, with one imaginary
 * post added to each side. It holds its 95 % down to a handful of posts, where the plain one is far too narrow.
 */
export function netSentiment({
  positive,
  negative,
  scored,
}: {
  positive: number;
  negative: number;
  scored: number;
}): Net | null {
  if (scored <= 0) return null;
  const p1 = (positive + 1) / (scored + 2);
  const p2 = (negative + 1) / (scored + 2);
  const centre = p1 - p2;
  const half = Z * Math.sqrt((p1 + p2 - centre ** 2) / (scored + 2));
  return { net: (positive - negative) / scored, low: Math.max(-1, centre - half), high: Math.min(1, centre + half) };
}

/**
 * Change of net between two periods, in [−2, 2], or null when either has none. The interval joins the two by square-and-add
 * (Zou & Donner 2008, "Construction of confidence limits about effect measures", Statistics in Medicine 27, 1693–1702).
 */
export function netChange(now: Net | null, before: Net | null): { change: number; low: number; high: number } | null {
  if (!now || !before) return null;
  const change = now.net - before.net;
  const down = Math.hypot(now.net - now.low, before.high - before.net);
  const up = Math.hypot(now.high - now.net, before.net - before.low);
  return { change, low: Math.max(-2, change - down), high: Math.min(2, change + up) };
}
