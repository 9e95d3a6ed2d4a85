/**
 * Discord, by a webhook: one embed a message. A webhook has no threads to answer in; what it says of its limits is kept.
 * https://docs.discord.com/developers/topics/rate-limits
 */
import { hostOf, JSON_HEADERS, jsonOf, outcomeOf } from './answers.ts';
import type { Channel, Outcome } from './channel.ts';
import type { Answer } from './outside.ts';
import { cut, cutLines, type Told, tell } from './wording.ts';

const COLOURS = { info: 0x3b82f6, warning: 0xf59e0b, critical: 0xdc2626 };
const OVER = 0x16a34a;
/** All texts of an embed together may have 6,000 characters, a message 2,000. */
const MOST = { content: 2_000, title: 256, description: 3_500, name: 256, value: 400, fields: 5 };

export const discord: Channel<'discord'> = {
  digests: true,
  render({ message, settings }) {
    const told = tell(message, settings.language);
    const embed = {
      title: cut(safe(told.title), MOST.title),
      description: cutLines(
        [
          safe(told.sentence),
          ...told.facts.map(({ name, value }) => `**${safe(name)}** ${safe(value)}`),
          ...excerptLines(told),
        ],
        MOST.description,
      ),
      color: told.isOver ? OVER : COLOURS[told.severity],
      timestamp: message.at,
      ...(told.links[0] ? { url: told.links[0].url } : {}),
      fields: told.lists.slice(0, MOST.fields).map(({ name, lines }) => ({
        name: cut(safe(name), MOST.name),
        value: cutLines(lines.map(safe), MOST.value),
      })),
      footer: { text: told.words.footer },
    };
    return JSON.stringify({
      content: cut(safe(told.title), MOST.content),
      embeds: [embed],
      allowed_mentions: { parse: [] },
    });
  },
  async send({ body, secrets, now, signal }, outside) {
    const answer = await outside.post(withWait(secrets.url), JSON_HEADERS, body, signal);
    return outcome(hostOf(secrets.url), answer, now);
  },
};

// Public texts: no Markdown, no mentions. allowed_mentions would not ping anyway.
const safe = (text: string) => text.replace(/([\\*_~`|>[\]()#-])/g, '\\$1').replace(/[@<]/g, '$&\u200b');

function excerptLines({ excerpts, words }: Told): string[] {
  if (excerpts.length === 0) return [];
  const lines = excerpts.map(({ label, text, source, url }) => {
    const from = url ? `[${safe(source)}](<${url.replace(/[<>()]/g, encodeURIComponent)}>)` : safe(source);
    return `${safe(label)} ${safe(text)} — ${from}`;
  });
  return [`**${safe(words.examples)}**`, ...lines];
}

/** With `wait` Discord says whether the message was taken, and its id. */
function withWait(url: string): string {
  if (!URL.canParse(url)) return url;
  const to = new URL(url);
  to.searchParams.set('wait', 'true');
  return to.href;
}

function outcome(host: string, answer: Answer, now: Date): Outcome {
  const { status, headers } = answer;
  const said = jsonOf(answer);
  const known = outcomeOf(host, answer, now);
  if (known.result === 'sent') {
    const isUsedUp = headers['x-ratelimit-remaining'] === '0';
    const quietMs = Math.ceil(Number(headers['x-ratelimit-reset-after'] ?? 0) * 1_000);
    const receipt = { message_id: String(said.id ?? '') };
    return { ...known, says: 'Discord has posted it', receipt, ...(isUsedUp && quietMs > 0 ? { quietMs } : {}) };
  }
  // The header is in whole seconds, the body says it exactly.
  if (status === 429 && typeof said.retry_after === 'number') {
    return {
      result: 'later',
      status,
      isSure: true,
      says: 'Discord answers 429: too many messages',
      waitMs: Math.ceil(said.retry_after * 1_000),
    };
  }
  if (status === 404 || status === 401 || status === 403) {
    const says = `Discord answers ${status}: the webhook was removed. Make a new one in the settings of the Discord channel and give its address to the channel`;
    return { result: 'broken', status, says };
  }
  if (status === 400)
    return {
      result: 'refused',
      status,
      says: `Discord answers 400: it does not take this message (code ${Number(said.code ?? 0)})`,
    };
  return known;
}
