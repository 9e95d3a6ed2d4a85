/**
 * Slack. An incoming webhook takes messages and tells nothing back; a bot gets the message's number, so that follow-ups
 * stand in its thread and the first message shows how things are now.
 */
import type { AlertMessage, MessageLanguage } from '../../../shared/contracts/alerts.ts';
import { hostOf, JSON_HEADERS, jsonOf, outcomeOf } from './answers.ts';
import type { Channel, Outcome, Sending } from './channel.ts';
import type { Answer, Outside } from './outside.ts';
import { cut, cutLines, type Told, tell } from './wording.ts';

const SIGNS = { info: '🔵', warning: '🟠', critical: '🔴' };

export const slack: Channel<'slack'> = {
  digests: true,
  render({ message, settings, first }) {
    const written = write(message, settings.language);
    if (settings.channel === undefined) return JSON.stringify(written);
    const place = { channel: String(first?.channel ?? settings.channel) };
    const title = tell(message, settings.language).title;
    if (!first) return JSON.stringify({ post: { ...place, ...written }, title });
    const now = { ...place, ts: first.ts, ...write(message, settings.language, String(first.title)) };
    return JSON.stringify({ post: { ...place, thread_ts: first.ts, ...written }, title, update: now });
  },
  send: (sending, outside) =>
    sending.secrets.bot_token ? byBot(sending, sending.secrets.bot_token, outside) : byWebhook(sending, outside),
};

/** Public texts, in which `<!channel>` would call everybody. */
const safe = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const linked = (name: string, url: string) =>
  `<${url.replace(/[|<>]/g, encodeURIComponent)}|${safe(name).replaceAll('|', '¦')}>`;

function write(message: AlertMessage, language: MessageLanguage, title?: string): Record<string, unknown> {
  const told = tell(message, language);
  const sign = told.isOver ? '🟢' : SIGNS[told.severity];
  const section = (lines: readonly string[]) =>
    lines.length > 0 ? [{ type: 'section', text: { type: 'mrkdwn', text: cutLines(lines, 2_900) } }] : [];
  return {
    text: safe(cut(`${sign} ${told.title}: ${told.sentence}`, 2_900)),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(`${sign} ${title ?? told.title}`, 150) } },
      ...section([safe(told.sentence)]),
      ...section(told.facts.map(({ name, value }) => `*${safe(name)}* ${safe(value)}`)),
      ...told.lists.flatMap(({ name, lines }) =>
        section([`*${safe(name)}*`, ...lines.map((line) => `• ${safe(line)}`)]),
      ),
      ...section(excerptLines(told)),
      ...section(told.links.map(({ name, url }) => linked(name, url))),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

function excerptLines({ excerpts, words }: Told): string[] {
  if (excerpts.length === 0) return [];
  const lines = excerpts.map(({ label, text, source, url }) => {
    const from = url ? linked(source, url) : safe(source);
    return `${label} ${safe(text)} — ${from}`;
  });
  return [`*${safe(words.examples)}*`, ...lines];
}

async function byWebhook({ body, secrets, now, signal }: Sending<'slack'>, outside: Outside): Promise<Outcome> {
  const url = secrets.url ?? '';
  const answer = await outside.post(url, JSON_HEADERS, body, signal);
  const code = answer.text.trim().slice(0, 60);
  return (answer.status === 200 ? undefined : fault(answer.status, code)) ?? outcomeOf(hostOf(url), answer, now);
}

/** Errors that a person has to mend, by what they say: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
const MENDED_BY_PEOPLE =
  /^(no_service(_id)?|no_team|team_disabled|invalid_token|token_revoked|token_expired|account_inactive|invalid_auth|not_authed|missing_scope|no_permission|channel_not_found|channel_is_archived|is_archived|not_in_channel|action_prohibited|posting_to_\w+_denied|restricted_action|user_not_found|org_login_required|ekm_access_denied)$/;
const WRONG_MESSAGE =
  /^(invalid_payload|no_text|invalid_blocks\w*|msg_too_long|msg_blocks_too_long|too_many_attachments|invalid_arguments)$/;

function fault(status: number, code: string): Outcome | undefined {
  const says = `Slack says ${code}`;
  if (MENDED_BY_PEOPLE.test(code)) {
    const advice = /channel|archived/.test(code)
      ? ': is the channel there, and has the bot been invited to it?'
      : ': make a new webhook or token in Slack and give it to the channel';
    return { result: 'broken', status, says: says + advice };
  }
  return WRONG_MESSAGE.test(code) ? { result: 'refused', status, says } : undefined;
}

async function byBot({ body, now, signal }: Sending<'slack'>, token: string, outside: Outside): Promise<Outcome> {
  const headers = { ...JSON_HEADERS, authorization: `Bearer ${token}` };
  const parts = JSON.parse(body) as { post: object; title: string; update?: object };
  const answer = await outside.post(
    `${outside.bases.slack}/chat.postMessage`,
    headers,
    JSON.stringify(parts.post),
    signal,
  );
  const said = jsonOf(answer);
  if (said.ok !== true) return botFault(answer, String(said.error ?? ''), now);
  if (parts.update) {
    // The message is there; should its head keep the old state, the thread still tells.
    await outside
      .post(`${outside.bases.slack}/chat.update`, headers, JSON.stringify(parts.update), signal)
      .catch(() => undefined);
  }
  const receipt = { ts: String(said.ts), channel: String(said.channel), title: parts.title };
  return { result: 'sent', status: answer.status, says: 'Slack has posted it', receipt };
}

function botFault(answer: Answer, code: string, now: Date): Outcome {
  if (answer.status !== 200) return fault(answer.status, code) ?? outcomeOf('Slack', answer, now);
  const known = fault(answer.status, code);
  return (
    known ?? {
      result: 'later',
      status: answer.status,
      isSure: true,
      says: `Slack says ${code.slice(0, 60) || 'nothing that is understood'}`,
    }
  );
}
