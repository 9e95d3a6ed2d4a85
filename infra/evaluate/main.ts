/**
 * Measures the analyser on labelled files: `npm run evaluate -- FILE.tsv…` (columns id, lang, label, text).
 * Prints, for each language, the confusion matrix, macro-F1, accuracy, coverage, calibration; then language
 * identification. A post not scored counts as neutral in F1 and accuracy, and against coverage.
 */
import { Command } from 'commander';
import { createAnalyser } from '../../shared/nlp/analyse.ts';
import { LABELS, type LabelledPost, readPosts } from '../train/data.ts';
import { type Judged, measure } from '../train/measure.ts';

const command = new Command('evaluate')
  .description('Measures the analyser on labelled files with the columns id, lang, label, text.')
  .argument('<files...>', 'TSV files')
  .option('--json', 'figures as JSON')
  .parse();
const { json } = command.opts<{ json?: boolean }>();

try {
  const posts = command.args.flatMap((file) => readPosts(file, file));
  const report = evaluate(posts);
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : asText(report));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

interface LanguageReport extends ReturnType<typeof measure> {
  readonly language: string;
  /** What the posts of this language were taken for, most frequent first. */
  readonly detected: readonly (readonly [language: string, posts: number])[];
}

function evaluate(posts: readonly LabelledPost[]): LanguageReport[] {
  const analyses = createAnalyser().analyse(posts);
  return [...new Set(posts.map(({ language }) => language))].map((language) => {
    const judged: Judged[] = [];
    const detected = new Map<string, number>();
    for (const [i, post] of posts.entries()) {
      const analysis = analyses[i];
      if (post.language !== language || !analysis) continue;
      judged.push({
        truth: post.label,
        predicted: LABELS.indexOf(analysis.label as (typeof LABELS)[number]),
        probability: analysis.probability ?? 0,
      });
      detected.set(analysis.language, (detected.get(analysis.language) ?? 0) + 1);
    }
    return { language, ...measure(judged, LABELS.length), detected: [...detected].sort((a, b) => b[1] - a[1]) };
  });
}

function asText(reports: readonly LanguageReport[]): string {
  return reports
    .map(({ language, posts, macroF1, accuracy, coverage, ece, sure, confusion, detected }) =>
      [
        `${language}: ${posts} posts`,
        `  macro-F1 ${macroF1.toFixed(1)}   accuracy ${accuracy.toFixed(1)}   coverage ${coverage.toFixed(1)} %   ECE ${ece.toFixed(1)}`,
        `  probability >= 0.8: ${sure.posts} posts, ${sure.posts > 0 ? `${sure.right.toFixed(1)} % right` : 'none'}`,
        `  ${'truth \\ said'.padEnd(14)}${LABELS.map((label) => label.padStart(10)).join('')}`,
        ...LABELS.map(
          (label, i) => `  ${label.padEnd(14)}${(confusion[i] ?? []).map((n) => String(n).padStart(10)).join('')}`,
        ),
        `  taken for ${detected.map(([code, n]) => `${code} ${n}`).join(', ')}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}
