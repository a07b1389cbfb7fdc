/** A spoken sentence of an answer: its position in the answer's text, and the length of its audio. */
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
 * The position of a sentence in the text, searched from the index `from` on.
 *
 * A spoken sentence is not an exact part of the written text: punctuation and blanks may differ. So only letters and
 * digits are compared. If they differ too ("$5" is spoken "five dollars"), the sentence gets the text up to the next
 * end of a sentence.
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

/** The index up to which a text was heard after this share (0 to 1) of its audio: never in the middle of a word. */
export function heardUntil(text: string, start: number, end: number, share: number): number {
  let index = start + Math.floor((end - start) * Math.min(Math.max(share, 0), 1));
  if (index >= end) return end;
  while (index > start && /[\p{Script=Latin}\p{N}']/u.test(text.charAt(index - 1)) && /[\p{Script=Latin}\p{N}']/u.test(text.charAt(index))) {
    index--;
  }
  return index;
}
