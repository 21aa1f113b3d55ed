import { tokenizeWords } from "../../src/data/index.ts";

/** The F1 of words: twice the words that two texts share, each as often as it is in both, by all their words. */
export const wordF1 = (said: string, wanted: string): number => {
  const [x, left] = [tokenizeWords(said), [...tokenizeWords(wanted)]];
  const all = x.length + left.length;
  const shared = x.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return shared.length === 0 ? 0 : (2 * shared.length) / all;
};
