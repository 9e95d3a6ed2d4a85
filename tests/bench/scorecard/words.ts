/** What docs/scorecard.md says between its tables: how to read it, how it was made, what it does not show. */

export const HOW_TO_READ = `How often Sada is right, beside six JavaScript packages that a project would otherwise take. Made by one command, which
installs the packages in a folder of their own:

    npm run scorecard -- --data DIR

\`DIR\` holds the public sets named in \`infra/train/sets.ts\`; they are not part of the project. Macro-F1 is the mean of the F1 of
negative, neutral and positive, in percent. Read **Limits** below before quoting a figure.`;

export const HOW_MADE = `- **Sets.** The development parts of UMSAB (fr, en, es, ar: the same number of posts of each class) and of AfriSenti (Darija,
  divided by script into ary and ary-Latn). They are not trained on; public sets repeat posts, so those whose words are trained on
  all the same are counted above (\`known words\`).
- **Sada** gets the text alone and finds the language itself; a post taken for the wrong language is scored as that one.
- **Peers** run with their defaults. Above 0 is positive, below 0 negative; VADER from ±0.05 on, as its authors say. A score of
  exactly 0 counts as neutral, whether nothing was found or the words cancel out. Coverage is told apart only where the package
  says what it found; wink-nlp does not.
- **\`@nlpjs/sentiment\` and \`multilang-sentiment\`** are given the true language. They have no Darija: Arabic for ary, French for
  ary-Latn. The other four know English only and are run on every set to show what one gets.
- **\`multilang-sentiment\`** compares every unknown word with its whole list and takes a tenth of a second or more a post:
  it is given a sample of each set, the same each time, chosen by a hash of the text. With 60 posts its figures move by ten points
  and more from sample to sample.
- **Speed** is measured after up to 2,000 other posts of each language (for the slow one, one of each), each post once, so that no tool finds a text in a cache. A
  shared machine repeats none of these rates: read orders of magnitude.
- **Language.** The fifth is chosen by a hash of the id. Weights are fitted on the rest and the project's own posts, without any
  text of the fifth or of a dev set, and asked through the detection that ships.
- Tables, samples and resamplings are the same each time for the same weights, data and packages; the speeds are not.`;

export const LIMITS = `- **Small sets.** 200 to 330 posts a language: differences of five points and less are ties. The ranges above say how wide.
- **Seen while developing.** Each dev set was looked at as one figure now and then, and the posts themselves were not read. That is
  less clean than a set nobody has measured on; expect a little less on new posts. Sets that are kept for the end (the test parts)
  are not in this table.
- **Label noise.** Public labels come from a few people a post, who often disagree about short texts: no tool can reach 100.
  Neutral in AfriSenti's Arabic script is mostly news headlines; UMSAB's tweets are years old, the French ones about ecology,
  and none was chosen for Morocco.
- **Language labels go by source**, not by post: Standard Arabic counted as Darija where a set says so, French words inside Darija in
  Latin letters. Part of what stands in the columns \`ar\` and \`fr\` is right.
- **Posts of the domain** (data centres, water, power, jobs, start-ups in Morocco) are in no public set. Those in cross-validation were
  written and labelled by the project itself, by the same hands as the lexicons: they show that what was meant is understood, not
  how often life is.
- **Sarcasm and irony** are not detected as such: "Bravo, encore une coupure" is weighed word by word, praise and complaint alike, and
  may well come out as praise.
- **Not covered**: Tamazight and Moroccan Spanish, dialects other than Moroccan, spelling that joins words, pictures and sound, what a
  thread or a link says, what is meant by a post about two things at once; sentiment toward a topic (only that of whole posts is
  measured here).
- **Peers** could be tuned, be given lists of words for Darija, or be set to another threshold: none of that was tried. Large language
  models and transformers are not here: they are not JavaScript packages that run on one core at this speed. XLM-T, a
  multilingual transformer, is reported at fr 71.2, ar 66.9, en 70.6, es 67.9 on UMSAB's test parts (README of cardiffnlp/xlm-t),
  which are other posts than those above.`;
