/** The sentences of alerts in French. Called by shared/alerts/sentences.ts. */
import {
  type After,
  type Facts,
  hasLevel,
  isFall,
  isNet,
  type MessageType,
  type Moved,
  type Phrases,
} from './facts.ts';
import * as numbers from './numbers.ts';

const { NO_BREAK, THIN } = numbers;
const net = (value: number) => numbers.formatNet('fr', value);
const rate = (value: number) => numbers.formatRate('fr', value);
const quote = (text: string) => `«${NO_BREAK}${numbers.isolate('fr', text)}${NO_BREAK}»`;

/** French counts 0, 1 and 1,9 in the singular. */
const counted = (value: number, one: string, many: string, text = numbers.formatNumber('fr', value)) =>
  `${text} ${Math.abs(value) < 2 ? one : many}`;
const posts = (value: number) => counted(value, 'publication', 'publications');
const authors = (value: number) => counted(value, 'auteur', 'auteurs');
const byAuthors = (value: number) => (value > 0 ? ` de ${authors(value)}` : '');
const hours = (value: number) => counted(value, 'heure', 'heures');

const MONTHS = 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre'.split(' ');
const since = ({ start }: Moved) =>
  `depuis le ${start.day === 1 ? '1er' : start.day} ${MONTHS[start.month]} à ${numbers.clock(start)}`;

const LANGUAGES: Record<string, string> = {
  fr: 'français',
  ar: 'arabe',
  ary: 'darija',
  'ary-Latn': 'darija en lettres latines',
  en: 'anglais',
  es: 'espagnol',
};

const movement = ({ signal }: Pick<Facts, 'signal'>) => (isFall(signal) ? 'baisse' : 'hausse');

function rateOf({ signal }: Facts, value: number): string {
  const { value: shown, decimals } = numbers.roundRate(value);
  const text = numbers.formatNumber('fr', shown, decimals);
  return signal === 'negative_posts'
    ? counted(shown, 'publication négative', 'publications négatives', text)
    : counted(shown, 'publication', 'publications', text);
}

function figures(facts: Facts): string {
  const moved = facts.figures;
  if (!moved) return '';
  const { before, now, low, high } = moved;
  if (isNet(facts.signal)) {
    return `Le sentiment net est passé de ${net(before)} à ${net(now)} (entre ${net(low)} et ${net(high)}) en ${hours(moved.hours)}, ${since(moved)}, sur ${posts(moved.posts)}${byAuthors(moved.authors)}`;
  }
  if (facts.signal === 'term') {
    const term = moved.term === null ? 'Un terme' : `Le terme ${quote(moved.term)}`;
    return `${term} revient dans ${posts(moved.posts)}${byAuthors(moved.authors)} en ${hours(moved.hours)}, ${since(moved)}${times(moved)}`;
  }
  return `On compte ${rateOf(facts, now)} par heure (entre ${rate(low)} et ${rate(high)}) au lieu de ${rate(before)} d’habitude, en ${hours(moved.hours)}, ${since(moved)}${moved.authors > 0 ? `, venant${byAuthors(moved.authors)}` : ''}`;
}

function times({ before, now }: Moved): string {
  const ratio = Math.round(now / before);
  if (!(before > 0) || ratio >= 100) return ', alors qu’il n’apparaissait presque jamais';
  return ratio >= 2 ? `, environ ${counted(ratio, 'fois', 'fois')} plus que d’habitude` : '';
}

function chance({ chance: given }: Facts): string {
  const lead = `${THIN}; par hasard, `;
  if (given.kind === 'once_in' && given.days >= 1) {
    return `${lead}cela arrive une fois en ${counted(Math.floor(given.days), 'jour', 'jours')}`;
  }
  if (given.kind === 'rarer_than' && given.days >= 1) {
    const span = given.days === 60 ? 'deux mois' : counted(Math.floor(given.days), 'jour', 'jours');
    return `${lead}cela arrive moins d’une fois en ${span}`;
  }
  if (given.kind === 'own_history' && given.weeks >= 1) {
    const span = `en ${counted(Math.floor(given.weeks), 'semaine', 'semaines')} d’historique`;
    return given.times === 0
      ? `${THIN}; ce niveau n’avait jamais été atteint ${span}`
      : `${THIN}; ce niveau a été atteint ${given.times === 1 ? 'une fois' : counted(given.times, 'fois', 'fois')} ${span}`;
  }
  return '';
}

function headlineOf(facts: Facts): string {
  const moved = facts.figures;
  if (!moved) return 'alerte';
  if (isNet(facts.signal)) return `sentiment net en ${movement(facts)}, de ${net(moved.before)} à ${net(moved.now)}`;
  if (facts.signal === 'term')
    return moved.term === null ? 'un terme se répand' : `le terme ${quote(moved.term)} se répand`;
  return `${rateOf(facts, moved.now)} par heure au lieu de ${rate(moved.before)}`;
}

const VERDICTS: Record<After['verdict'], (facts: Pick<Facts, 'signal'>) => string> = {
  holds: (facts) => `la ${movement(facts)} se confirme`,
  unclear: () => 'un retour au niveau habituel n’est pas exclu',
  back: () => 'le niveau habituel est retrouvé',
};

const HEADLINES: Record<MessageType, (facts: Facts) => string> = {
  fired: headlineOf,
  escalated: (facts) => `cela continue${NO_BREAK}: ${headlineOf(facts)}`,
  follow_up: ({ after: later, ...facts }) =>
    later && later.posts > 0 && hasLevel(facts)
      ? `suite de l’alerte${NO_BREAK}: ${VERDICTS[later.verdict](facts)}`
      : 'suite de l’alerte',
  repeated: (facts) => `toujours en cours${NO_BREAK}: ${headlineOf(facts)}`,
  joined: (facts) => `autre signal du même événement${NO_BREAK}: ${headlineOf(facts)}`,
  recovering: () => 'retour vers la plage habituelle',
  resolved: () => 'alerte terminée',
  rebased: () => 'nouveau niveau accepté, alerte terminée',
  revised: () => 'chiffres recomptés',
  unacknowledged: (facts) => `sans prise en charge${NO_BREAK}: ${headlineOf(facts)}`,
  acknowledged: () => 'alerte prise en charge',
  snoozed: () => 'alerte mise en pause',
  note: () => 'note ajoutée',
  verdict: () => 'avis donné sur l’alerte',
  no_data: () => 'données incomplètes',
  data_back: () => 'données de nouveau complètes',
  test: () => 'message d’essai',
};

const RESOLVED: Record<NonNullable<Facts['resolution']>, string> = {
  recovered: 'Les chiffres sont revenus dans la plage habituelle. L’alerte est terminée.',
  rebased:
    'Le nouveau niveau dure depuis trois jours. Il est désormais considéré comme habituel et l’alerte est terminée.',
  closed: 'L’alerte a été fermée par une personne.',
  rule_changed: 'La règle a changé ou n’existe plus. L’alerte est terminée.',
  revised:
    'Des heures de cette alerte ont été recomptées. Avec les chiffres actuels, elle ne se serait pas déclenchée : elle est terminée.',
};

const LEADS: Record<MessageType, (facts: Facts) => string> = {
  fired: ({ rule }) => `La règle ${quote(rule)} a déclenché une alerte.`,
  escalated: (facts) =>
    facts.signal === null || facts.signal === 'term'
      ? 'Cela continue après l’alerte.'
      : `La ${movement(facts)} continue après l’alerte.`,
  follow_up: () => '',
  repeated: () => 'L’alerte est toujours en cours et personne ne l’a prise en charge.',
  joined: () => 'Un autre signal du même événement s’est ajouté.',
  recovering: () => 'Les chiffres reviennent vers la plage habituelle. L’alerte reste ouverte jusqu’à confirmation.',
  resolved: ({ resolution }) => RESOLVED[resolution ?? 'recovered'],
  rebased: () => RESOLVED.rebased,
  revised: () => RESOLVED.revised,
  unacknowledged: () => 'Personne n’a pris l’alerte en charge dans le délai prévu.',
  acknowledged: () => 'L’alerte a été prise en charge.',
  snoozed: () => 'L’alerte a été mise en pause.',
  note: () => 'Une note a été ajoutée à l’alerte.',
  verdict: () => 'Un avis a été donné sur l’alerte.',
  no_data: ({ rule }) =>
    `Les données sont incomplètes. La règle ${quote(rule)} attend${NO_BREAK}: d’ici là, elle ne déclenche et ne termine rien.`,
  data_back: ({ rule }) => `Les données sont de nouveau complètes. La règle ${quote(rule)} reprend.`,
  test: () => 'Ceci est un message d’essai de Sada. Il ne signale aucune alerte.',
};

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
/** Since the alert, and up to now. */
const following = (value: number) =>
  value === 1 ? 'Dans l’heure qui a suivi l’alerte' : `Dans les ${hours(value)} qui ont suivi l’alerte`;
const lately = (value: number) =>
  value === 1 ? 'Sur la dernière heure' : `Sur les ${numbers.formatNumber('fr', value)} dernières heures`;

function after(facts: Facts, asked: boolean): string {
  const { after: later, figures: moved } = facts;
  if (!later) return asked ? 'Il n’y a pas encore de chiffres après l’alerte.' : '';
  if (later.posts === 0) return `Après l’alerte, aucune publication en ${hours(later.hours)}.`;
  if (facts.signal === null || facts.signal === 'term') {
    return `Après l’alerte, ${posts(later.posts)} en ${hours(later.hours)}.`;
  }
  const basis = `${asked ? following(later.hours) : lately(later.hours)}, sur ${posts(later.posts)}`;
  const figure = isNet(facts.signal)
    ? `le sentiment net est de ${net(later.now)} (entre ${net(later.low)} et ${net(later.high)})${moved ? `, contre ${net(moved.before)} d’habitude` : ''}`
    : `on compte ${rateOf(facts, later.now)} par heure (entre ${rate(later.low)} et ${rate(later.high)})${moved ? `, contre ${rate(moved.before)} d’habitude` : ''}`;
  if (!asked) return `${basis}, ${figure}.`;
  return `${basis}, ${figure}. ${capital(VERDICTS[later.verdict](facts))}.`;
}

function top(facts: Facts): string {
  if (!facts.top) return '';
  const { dimension, segment, share } = facts.top;
  const part =
    share >= 0.995 ? `toute la ${movement(facts)}` : `${numbers.formatPercent('fr', share)} de la ${movement(facts)}`;
  if (dimension === 'language') {
    return `Les publications en ${LANGUAGES[segment.value] ?? quote(segment.value)} expliquent ${part}.`;
  }
  const name = quote(segment.names?.fr ?? segment.name);
  return `${dimension === 'topic' ? 'Le thème' : 'La source'} ${name} explique ${part}.`;
}

export const fr: Phrases = {
  headline: (type, facts) => HEADLINES[type](facts),
  title: (rule, headline) => `${numbers.isolate('fr', rule)}${NO_BREAK}: ${headline}`,
  lead: (type, facts) => LEADS[type](facts),
  moved: (facts) => (facts.figures ? `${figures(facts)}${chance(facts)}.` : ''),
  top,
  driven: ({ driven }) =>
    driven === null
      ? ''
      : `Cela tient à ${driven === 'thread' ? 'un seul fil de discussion' : 'un seul auteur'}${NO_BREAK}: sans lui, le chiffre resterait dans la plage habituelle.`,
  unsure: () => 'Plus de la moitié des publications ont une étiquette peu sûre.',
  after,
  nouns: { posts, authors, hours, language: (code) => LANGUAGES[code] ?? code },
};
