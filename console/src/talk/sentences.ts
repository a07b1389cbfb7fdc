/** A sentence of an answer that is spoken: where it stands in the answer's text, and how long it sounds. */
export interface Sentence {
  id: string;
  text: string;
  /** Its first character's index in the answer, and the index after its last one. */
  start: number;
  end: number;
  audioMs: number;
}

const isLetter = (char: string): boolean => /[\p{L}\p{N}]/u.test(char);

/**
 * Where a sentence stands in the text, looked for from the index `from` on.
 *
 * What is spoken is no exact slice of what is written: its punctuation may differ, blanks may be missing. So only
 * letters and digits are compared. Where they differ too ("$5" is spoken "five dollars") the sentence gets what is
 * left, as far as the next end of a sentence.
 */
export function place(text: string, sentence: string, from: number): { start: number; end: number } {
  let start = from;
  while (start < text.length && /\s/.test(text.charAt(start))) start++;
  let end = start;
  for (const char of sentence) {
    if (!isLetter(char)) continue;
    let next = end;
    while (next < text.length && !isLetter(text.charAt(next))) next++;
    if (text.charAt(next).toLowerCase() !== char.toLowerCase()) return { start, end: endOfSentence(text, start) };
    end = next + 1;
  }
  while (end < text.length && /[^\p{L}\p{N}\s]/u.test(text.charAt(end))) end++;
  return { start, end };
}

function endOfSentence(text: string, from: number): number {
  const match = /[.!?。！？；\n]+/.exec(text.slice(from));
  return match ? from + match.index + match[0].length : text.length;
}

/** The index up to which a text was heard when this share of it (0 to 1) had sounded: never in the middle of a word. */
export function heardUntil(text: string, start: number, end: number, share: number): number {
  let index = start + Math.floor((end - start) * Math.min(Math.max(share, 0), 1));
  if (index >= end) return end;
  while (index > start && /[\p{Script=Latin}\p{N}']/u.test(text.charAt(index - 1)) && /[\p{Script=Latin}\p{N}']/u.test(text.charAt(index))) {
    index--;
  }
  return index;
}
