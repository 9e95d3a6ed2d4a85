/** Every kind of channel by its name. A new kind is a file here, a line here, and its schema in shared/contracts/channels.ts. */
import type { ChannelKind } from '../../../shared/contracts/channels.ts';
import type { Channel } from './channel.ts';
import { discord } from './discord.ts';
import { email } from './email.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack.ts';
import { teams } from './teams.ts';
import { telegram } from './telegram.ts';
import { webhook } from './webhook.ts';

export const CHANNELS: { [K in ChannelKind]: Channel<K> } = {
  email,
  webhook,
  slack,
  teams,
  discord,
  telegram,
  pagerduty,
};
