/**
 * The sentences of alerts in Arabic, as written in Morocco: Western digits, months like نونبر. Called by
 * shared/alerts/sentences.ts. Every counted noun stands after a preposition or as an adverb, so that one case fits all.
 */
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

const net = (value: number) => numbers.formatNet('ar', value);
const rate = (value: number) => numbers.formatRate('ar', value);
const quote = (text: string) => `«${numbers.isolate('ar', text)}»`;

/** One, two (both without the digit), 3 to 10, 11 to 99, and the rest: hundreds, and numbers with decimals. */
type Forms = readonly [one: string, two: string, few: string, many: string, other: string];
const POSTS: Forms = ['منشور واحد', 'منشورين', 'منشورات', 'منشورًا', 'منشور'];
const NEGATIVE_POSTS: Forms = ['منشور سلبي واحد', 'منشورين سلبيين', 'منشورات سلبية', 'منشورًا سلبيًا', 'منشور سلبي'];
const ACCOUNTS: Forms = ['حساب واحد', 'حسابين', 'حسابات', 'حسابًا', 'حساب'];
const HOURS: Forms = ['ساعة واحدة', 'ساعتين', 'ساعات', 'ساعة', 'ساعة'];
const DAYS: Forms = ['يوم واحد', 'يومين', 'أيام', 'يومًا', 'يوم'];
const WEEKS: Forms = ['أسبوع واحد', 'أسبوعين', 'أسابيع', 'أسبوعًا', 'أسبوع'];
const TIMES: Forms = ['مرة واحدة', 'مرتين', 'مرات', 'مرة', 'مرة'];

/** A number with its noun. */
export function counted(value: number, forms: Forms, decimals = 0): string {
  if (value === 1) return forms[0];
  if (value === 2) return forms[1];
  const [, , few, many, other] = forms;
  const rest = value % 100;
  const form = !Number.isInteger(value) || rest < 3 ? other : rest <= 10 ? few : many;
  return `${numbers.formatNumber('ar', value, decimals)} ${form}`;
}

const posts = (value: number) => counted(value, POSTS);
const hours = (value: number) => counted(value, HOURS);
const accounts = (value: number) => counted(value, ACCOUNTS);
const fromAccounts = (value: number) => (value > 0 ? ` من ${accounts(value)}` : '');

const MONTHS = 'يناير فبراير مارس أبريل ماي يونيو يوليوز غشت شتنبر أكتوبر نونبر دجنبر'.split(' ');
const since = ({ start }: Moved) => `منذ ${start.day} ${MONTHS[start.month]} على الساعة ${numbers.clock(start)}`;

const LANGUAGES: Record<string, string> = {
  fr: 'الفرنسية',
  ar: 'العربية',
  ary: 'الدارجة',
  'ary-Latn': 'الدارجة بحروف لاتينية',
  en: 'الإنجليزية',
  es: 'الإسبانية',
};

const movement = ({ signal }: Pick<Facts, 'signal'>) => (isFall(signal) ? 'الانخفاض' : 'الارتفاع');

function rateOf({ signal }: Facts, value: number): string {
  const { value: shown, decimals } = numbers.roundRate(value);
  return counted(shown, signal === 'negative_posts' ? NEGATIVE_POSTS : POSTS, decimals);
}

function figures(facts: Facts): string {
  const moved = facts.figures;
  if (!moved) return '';
  const { before, now, low, high } = moved;
  if (isNet(facts.signal)) {
    return `انتقل صافي المشاعر من ${net(before)} إلى ${net(now)} (بين ${net(low)} و${net(high)}) خلال ${hours(moved.hours)}، ${since(moved)}، استنادًا إلى ${posts(moved.posts)}${fromAccounts(moved.authors)}`;
  }
  if (facts.signal === 'term') {
    const term = moved.term === null ? 'ورد مصطلح' : `ورد المصطلح ${quote(moved.term)}`;
    return `${term} في ${posts(moved.posts)}${fromAccounts(moved.authors)} خلال ${hours(moved.hours)}، ${since(moved)}${times(moved)}`;
  }
  return `وصل العدد إلى ${rateOf(facts, now)} في الساعة (بين ${rate(low)} و${rate(high)}) مقابل ${rate(before)} في العادة، خلال ${hours(moved.hours)}، ${since(moved)}${moved.authors > 0 ? `،${fromAccounts(moved.authors)}` : ''}`;
}

function times({ before, now }: Moved): string {
  const ratio = Math.round(now / before);
  if (!(before > 0) || ratio >= 100) return '، بعد أن كان شبه غائب';
  return ratio >= 2 ? `، أي أكثر من المعتاد بنحو ${counted(ratio, TIMES)}` : '';
}

function chance({ chance: given }: Facts): string {
  if (given.kind === 'once_in' && given.days >= 1) {
    return `؛ ويحدث ذلك صدفةً مرة كل ${counted(Math.floor(given.days), DAYS)}`;
  }
  if (given.kind === 'rarer_than' && given.days >= 1) {
    const span = given.days === 60 ? 'شهرين' : counted(Math.floor(given.days), DAYS);
    return `؛ ويحدث ذلك صدفةً أقل من مرة كل ${span}`;
  }
  if (given.kind === 'own_history' && given.weeks >= 1) {
    const span = `على مدى ${counted(Math.floor(given.weeks), WEEKS)} من تاريخ القاعدة`;
    return given.times === 0
      ? `؛ ولم يُسجَّل هذا المستوى من قبل ${span}`
      : `؛ وقد سُجّل هذا المستوى ${counted(given.times, TIMES)} ${span}`;
  }
  return '';
}

function headlineOf(facts: Facts): string {
  const moved = facts.figures;
  if (!moved) return 'تنبيه';
  if (isNet(facts.signal)) {
    return `${isFall(facts.signal) ? 'انخفاض' : 'ارتفاع'} صافي المشاعر من ${net(moved.before)} إلى ${net(moved.now)}`;
  }
  if (facts.signal === 'term') return moved.term === null ? 'مصطلح ينتشر' : `المصطلح ${quote(moved.term)} ينتشر`;
  return `وصول العدد إلى ${rateOf(facts, moved.now)} في الساعة مقابل ${rate(moved.before)}`;
}

const VERDICTS: Record<After['verdict'], (facts: Pick<Facts, 'signal'>) => string> = {
  holds: (facts) => `${movement(facts)} مؤكد`,
  unclear: () => 'لا تُستبعد العودة إلى المستوى المعتاد',
  back: () => 'عاد المستوى إلى المعتاد',
};

const HEADLINES: Record<MessageType, (facts: Facts) => string> = {
  fired: headlineOf,
  escalated: (facts) => `الوضع مستمر: ${headlineOf(facts)}`,
  follow_up: ({ after: later, ...facts }) =>
    later && later.posts > 0 && hasLevel(facts)
      ? `متابعة التنبيه: ${VERDICTS[later.verdict](facts)}`
      : 'متابعة التنبيه',
  repeated: (facts) => `ما زال التنبيه قائمًا: ${headlineOf(facts)}`,
  joined: (facts) => `إشارة أخرى للحدث نفسه: ${headlineOf(facts)}`,
  recovering: () => 'عودة نحو المجال المعتاد',
  resolved: () => 'انتهى التنبيه',
  rebased: () => 'اعتُمد المستوى الجديد وانتهى التنبيه',
  revised: () => 'أُعيد حساب الأرقام',
  unacknowledged: (facts) => `لم يتكفل أحد بالتنبيه: ${headlineOf(facts)}`,
  acknowledged: () => 'تم التكفل بالتنبيه',
  snoozed: () => 'عُلّق التنبيه مؤقتًا',
  note: () => 'أُضيفت ملاحظة',
  verdict: () => 'أُبدي رأي في التنبيه',
  no_data: () => 'البيانات غير كاملة',
  data_back: () => 'عادت البيانات كاملة',
  test: () => 'رسالة تجريبية',
};

const RESOLVED: Record<NonNullable<Facts['resolution']>, string> = {
  recovered: 'عادت الأرقام إلى المجال المعتاد. انتهى التنبيه.',
  rebased: 'استمر المستوى الجديد ثلاثة أيام. أصبح يُعدّ معتادًا وانتهى التنبيه.',
  closed: 'أغلق أحد الأشخاص هذا التنبيه.',
  rule_changed: 'تغيّرت القاعدة أو لم تعد موجودة. انتهى التنبيه.',
  revised: 'أُعيد حساب بعض ساعات هذا التنبيه. لو كانت الأرقام كما هي الآن لما أُطلق: انتهى التنبيه.',
};

const LEADS: Record<MessageType, (facts: Facts) => string> = {
  fired: ({ rule }) => `أطلقت القاعدة ${quote(rule)} تنبيهًا.`,
  escalated: (facts) =>
    facts.signal === null || facts.signal === 'term'
      ? 'الوضع مستمر بعد التنبيه.'
      : `${movement(facts)} مستمر بعد التنبيه.`,
  follow_up: () => '',
  repeated: () => 'ما زال التنبيه قائمًا ولم يتكفل به أحد.',
  joined: () => 'أُضيفت إشارة أخرى للحدث نفسه.',
  recovering: () => 'تعود الأرقام نحو المجال المعتاد. يبقى التنبيه مفتوحًا إلى أن يتأكد ذلك.',
  resolved: ({ resolution }) => RESOLVED[resolution ?? 'recovered'],
  rebased: () => RESOLVED.rebased,
  revised: () => RESOLVED.revised,
  unacknowledged: () => 'لم يتكفل أحد بالتنبيه في الأجل المحدد.',
  acknowledged: () => 'تم التكفل بالتنبيه.',
  snoozed: () => 'عُلّق التنبيه مؤقتًا.',
  note: () => 'أُضيفت ملاحظة إلى التنبيه.',
  verdict: () => 'أُبدي رأي في التنبيه.',
  no_data: ({ rule }) =>
    `البيانات غير كاملة. القاعدة ${quote(rule)} تنتظر: إلى أن تعود البيانات لا تُطلق تنبيهًا ولا تُنهي آخر.`,
  data_back: ({ rule }) => `عادت البيانات كاملة. القاعدة ${quote(rule)} تواصل عملها.`,
  test: () => 'هذه رسالة تجريبية من صدى. لا تُبلغ عن أي تنبيه.',
};

/** Since the alert, and up to now. */
const following = (value: number) => `خلال ${hours(value)} بعد التنبيه`;
const lately = (value: number) => `خلال آخر ${value === 1 ? 'ساعة' : hours(value)}`;

function after(facts: Facts, asked: boolean): string {
  const { after: later, figures: moved } = facts;
  if (!later) return asked ? 'لا توجد بعدُ أرقام لاحقة للتنبيه.' : '';
  if (later.posts === 0) return `بعد التنبيه، لا منشور خلال ${hours(later.hours)}.`;
  const basis = `${asked ? following(later.hours) : lately(later.hours)}، واستنادًا إلى ${posts(later.posts)}`;
  if (facts.signal === null || facts.signal === 'term') {
    return `بعد التنبيه، ظهر ما مجموعه ${posts(later.posts)} خلال ${hours(later.hours)}.`;
  }
  const figure = isNet(facts.signal)
    ? `صافي المشاعر هو ${net(later.now)} (بين ${net(later.low)} و${net(later.high)})${moved ? ` مقابل ${net(moved.before)} في العادة` : ''}`
    : `وصل العدد إلى ${rateOf(facts, later.now)} في الساعة (بين ${rate(later.low)} و${rate(later.high)})${moved ? ` مقابل ${rate(moved.before)} في العادة` : ''}`;
  if (!asked) return `${basis}، ${figure}.`;
  return `${basis}، ${figure}. ${VERDICTS[later.verdict](facts)}.`;
}

function top(facts: Facts): string {
  if (!facts.top) return '';
  const { dimension, segment, share } = facts.top;
  const part =
    share >= 0.995 ? `كامل ${movement(facts)}` : `${numbers.formatPercent('ar', share)} من ${movement(facts)}`;
  if (dimension === 'language') {
    const language = LANGUAGES[segment.value] ?? `اللغة ${quote(segment.value)}`;
    return `المنشورات المكتوبة ب${language} تفسّر ${part}.`;
  }
  const name = quote(segment.names?.ar ?? segment.name);
  return `${dimension === 'topic' ? 'موضوع' : 'المصدر'} ${name} يفسّر ${part}.`;
}

export const ar: Phrases = {
  headline: (type, facts) => HEADLINES[type](facts),
  title: (rule, headline) => `${numbers.isolate('ar', rule)}: ${headline}`,
  lead: (type, facts) => LEADS[type](facts),
  moved: (facts) => (facts.figures ? `${figures(facts)}${chance(facts)}.` : ''),
  top,
  driven: ({ driven }) =>
    driven === null
      ? ''
      : `يعود ذلك إلى ${driven === 'thread' ? 'نقاش واحد' : 'حساب واحد'}: من دونه يبقى الرقم ضمن المجال المعتاد.`,
  unsure: () => 'أكثر من نصف المنشورات صُنّفت بثقة ضعيفة.',
  after,
  nouns: { posts, authors: accounts, hours, language: (code) => LANGUAGES[code] ?? code },
};
