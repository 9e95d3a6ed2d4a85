/**
 * Shows an analysis in a terminal: the text with the words that decided coloured, then why each weighs.
 * Called by analyse/main.ts. Try it: npm run --silent analyse -- --explain "c'est pas mal du tout"
 */
import { styleText } from 'node:util';
import type { Analysis, Contribution } from '../../shared/contracts/analysis.ts';
import type { Analyser } from '../../shared/nlp/analyse.ts';

const LISTED = 12;
const REASONS: Readonly<Record<Contribution['reason'], string>> = {
  lexicon: 'lexicon entry',
  ngram: 'learned words and letters',
  emoji: 'emoji',
  negation: 'negation',
  intensifier: 'intensifier',
  contrast: 'contrast',
  damping: 'damping',
};
const LEAST_SHOWN = 0.02;

/** Several lines, with colours where the terminal has them. */
export function explain(text: string, analyser: Analyser): string {
  const [analysis] = analyser.analyse([{ text }]);
  if (!analysis) return '';
  const lines = [`${paint(text, analysis)}`, '', summary(analysis)];
  if (analysis.explanation) lines.push('', ...reasons(text, analysis.explanation));
  if (analysis.sentences.length > 1) {
    lines.push('', 'Sentences');
    for (const { start, end, language, label, score } of analysis.sentences) {
      lines.push(
        `  ${language.padEnd(9)}${tone(label)(label.padEnd(11))}${number(score)}  ${text.slice(start, end).trim()}`,
      );
    }
  }
  if (analysis.topics.length > 0) {
    lines.push('', 'Topics');
    for (const { topic, label, score } of analysis.topics)
      lines.push(`  ${topic.padEnd(18)}${tone(label)(label.padEnd(11))}${number(score)}`);
  }
  if (analysis.entities.length > 0) {
    lines.push('', 'Entities');
    for (const { entity, start, end } of analysis.entities)
      lines.push(`  ${entity.padEnd(28)}${text.slice(start, end)}`);
  }
  return `${lines.join('\n')}\n`;
}

type Paint = (text: string) => string;
const tone = (label: Analysis['label']): Paint => {
  if (label === 'positive') return (text) => styleText('green', text);
  return label === 'negative' ? (text) => styleText('red', text) : (text) => styleText('gray', text);
};
const number = (value: number | null): string =>
  (value === null ? '     -' : (value > 0 ? '+' : '') + value.toFixed(3)).padStart(7);

function summary({ language, parts, label, score, probability, model }: Analysis): string {
  const said = parts.length > 0 ? `${language} (${parts.join(', ')})` : language;
  if (score === null) return `${said}  ${tone(label)(label)}: too little was understood  [${model}]`;
  return `${said}  ${tone(label)(label)}  score ${number(score).trim()}  probability ${(probability ?? 0).toFixed(2)}  [${model}]`;
}

/** Each character gets the colour of what its spans say together. */
function paint(text: string, { explanation }: Analysis): string {
  if (!explanation) return text;
  const weights = new Float64Array(text.length);
  for (const { start, end, weight } of explanation.contributions) {
    for (let i = start; i < end; i += 1) weights[i] = (weights[i] as number) + weight;
  }
  let out = '';
  for (let from = 0; from < text.length; ) {
    const side = sideOf(weights[from] as number);
    let to = from + 1;
    while (to < text.length && sideOf(weights[to] as number) === side) to += 1;
    const piece = text.slice(from, to);
    out += side === 0 ? piece : styleText('bold', styleText(side > 0 ? 'green' : 'red', piece));
    from = to;
  }
  return out;
}

const sideOf = (weight: number): number => (Math.abs(weight) < 0.05 ? 0 : Math.sign(weight));

function reasons(text: string, explanation: NonNullable<Analysis['explanation']>): string[] {
  const shown = explanation.contributions
    .filter(({ weight, neutral = 0 }) => Math.abs(weight) >= LEAST_SHOWN || Math.abs(neutral) >= LEAST_SHOWN * 3)
    .toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
    .slice(0, LISTED);
  const rows = shown.map(({ start, end, weight, neutral = 0, reason }) => {
    const colour: Paint = weight > 0 ? (t) => styleText('green', t) : (t) => styleText('red', t);
    const span = text.slice(start, end).replaceAll(/\s+/g, ' ');
    return `  ${colour(number(weight))}  ${number(neutral)}  ${REASONS[reason].padEnd(26)}${span}`;
  });
  return [
    '  for +/-  neither  why',
    ...rows,
    `  ${number(explanation.bias)}  ${number(explanation.neutral_bias ?? 0)}  the text as a whole`,
  ];
}
