/**
 * Telegram, by a bot: one message, and follow-ups as answers to the first. The token is part of the address, so no
 * address is ever shown or logged. https://core.telegram.org/bots/api#sendmessage
 */
import { JSON_HEADERS, jsonOf, outcomeOf } from './answers.ts';
import type { Channel, Outcome } from './channel.ts';
import type { Answer } from './outside.ts';
import { cut, cutLines, escapeHtml, type Told, tell } from './wording.ts';

/** Counted after the marks are taken out, so this is on the safe side. */
const MOST_CHARACTERS = 4_000;
const MOST_OF_LINE = 600;
const SIGNS = { info: '🔵', warning: '🟠', critical: '🔴' };

export const telegram: Channel<'telegram'> = {
  digests: true,
  render({ message, settings, first }) {
    return JSON.stringify({
      chat_id: settings.chat_id,
      ...(settings.topic_id === undefined ? {} : { message_thread_id: settings.topic_id }),
      text: cutLines(linesOf(tell(message, settings.language)), MOST_CHARACTERS),
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
      ...(first?.message_id === undefined
        ? {}
        : { reply_parameters: { message_id: Number(first.message_id), allow_sending_without_reply: true } }),
    });
  },
  async send({ body, secrets, now, signal }, outside) {
    const url = `${outside.bases.telegram}/bot${secrets.bot_token}/sendMessage`;
    return outcome(await outside.post(url, JSON_HEADERS, body, signal), now);
  },
};

function linesOf(told: Told): string[] {
  // Cut before the marks are set: a mark cut in two makes Telegram refuse the message.
  const safe = (text: string) => escapeHtml(cut(text, MOST_OF_LINE));
  const sign = told.isOver ? '🟢' : SIGNS[told.severity];
  return [
    `${sign} <b>${safe(told.title)}</b>`,
    safe(told.sentence),
    ...told.facts.map(({ name, value }) => `<b>${safe(name)}</b>${told.words.colon}${safe(value)}`),
    ...told.links.map(({ name, url }) => `<a href="${escapeHtml(url)}">${safe(name)}</a>`),
    ...told.lists.flatMap(({ name, lines }) => [`<b>${safe(name)}</b>`, ...lines.map((line) => `• ${safe(line)}`)]),
    ...(told.excerpts.length > 0 ? [`<b>${safe(told.words.examples)}</b>`] : []),
    ...told.excerpts.map(({ label, text, source, url }) => {
      const from = url ? `<a href="${escapeHtml(url)}">${safe(source)}</a>` : safe(source);
      return `${label} ${safe(text)} — ${from}`;
    }),
  ];
}

function outcome(answer: Answer, now: Date): Outcome {
  const { status } = answer;
  const said = jsonOf(answer);
  const parameters = (said.parameters ?? {}) as { retry_after?: number; migrate_to_chat_id?: number };
  if (status === 200 && said.ok === true) {
    const { message_id } = (said.result ?? {}) as { message_id?: number };
    const receipt = message_id === undefined ? {} : { receipt: { message_id } };
    return { result: 'sent', status, says: 'Telegram has sent it', ...receipt };
  }
  const says = `Telegram answers ${status}`;
  if (status === 429) {
    const waitMs = typeof parameters.retry_after === 'number' ? { waitMs: parameters.retry_after * 1_000 } : {};
    return { result: 'later', status, isSure: true, says: `${says}: too many messages`, ...waitMs };
  }
  const description = String(said.description ?? '');
  if (parameters.migrate_to_chat_id !== undefined)
    return {
      result: 'broken',
      status,
      says: `${says}: the group has another number now: ${parameters.migrate_to_chat_id}`,
    };
  if (status === 401 || status === 404)
    return { result: 'broken', status, says: `${says}: there is no such bot. Give the channel the token of BotFather` };
  if (status === 403 || /chat not found|kicked|deactivated|not enough rights|upgraded/i.test(description))
    return {
      result: 'broken',
      status,
      says: `${says}: the bot may not write there. Add it to the chat again, and check the number of the chat`,
    };
  if (status === 400) return { result: 'refused', status, says: `${says}: it does not take this message` };
  const known = outcomeOf('Telegram', answer, now);
  return known.result === 'sent'
    ? { result: 'later', status, isSure: false, says: `${says}, without saying that it sent it` }
    : known;
}
