/** Sada as one of the tools of the scorecard. Called by run.ts. It is told no language: it finds it itself. */
import { LABELS } from '../../../infra/train/data.ts';
import { createAnalyser } from '../../../shared/nlp/analyse.ts';
import type { Tool } from './tool.ts';

/** Version of the analyser, as stored with each post. */
export function createSada(): { tool: Tool; model: string } {
  const analyser = createAnalyser();
  return {
    model: analyser.model,
    tool: {
      name: 'Sada',
      tellsCoverage: true,
      judge({ text }) {
        const [analysis] = analyser.analyse([{ text }]);
        return {
          label: LABELS.indexOf(analysis?.label as (typeof LABELS)[number]),
          probability: analysis?.probability ?? 0,
          language: analysis?.language ?? 'und',
        };
      },
    },
  };
}
