// The conversations that meet the criteria, page by page.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { searchConversations } from "../server/conversations";
import type { Criteria, FoundConversation } from "../server/conversations";
import { problem } from "../server/problem";

/** What is searched for; it stays while other views are open. */
export const criteria = signal<Criteria>({ text: "", botId: "", since: 0, until: 0 });

/** A search looks through many messages at a time and may find none: so many times it goes on by itself. */
const STEPS = 10;
/** Typing is over when nothing was typed for so long, in ms. */
const TYPED_MS = 300;

export interface FoundPages {
  conversations: FoundConversation[] | null;
  error: string;
  isSearching: boolean;
  /** Loads the next page; undefined after the last. */
  more: (() => void) | undefined;
  /** Loads the first page again. */
  again: () => void;
}

export function useFound(): FoundPages {
  const wanted = criteria.value;
  const [conversations, setConversations] = useState<FoundConversation[] | null>(null);
  const [next, setNext] = useState("");
  const [error, setError] = useState("");
  const [isSearching, setSearching] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const load = async (before: string, signal: AbortSignal): Promise<void> => {
    setSearching(true);
    try {
      let from = before;
      for (let step = 0; step < STEPS; step++) {
        const page = await searchConversations(wanted, from, signal);
        const added = page.conversations;
        const isFirst = from === "";
        setConversations((listed) => (isFirst ? added : merged(listed ?? [], added)));
        from = page.next;
        if (added.length || !from) break;
      }
      setNext(from);
      setError("");
    } catch (reason) {
      if (!signal.aborted) setError(problem(reason));
    }
    if (!signal.aborted) setSearching(false);
  };
  useEffect(() => {
    const ending = new AbortController();
    const timer = setTimeout(() => void load("", ending.signal), wanted.text ? TYPED_MS : 0);
    return () => { clearTimeout(timer); ending.abort(); };
  }, [wanted, attempt]);
  const more = next ? () => void load(next, new AbortController().signal) : undefined;
  return { conversations, error, isSearching, more, again: () => setAttempt(attempt + 1) };
}

/** A conversation may be found again on a later page, in an older message. */
const merged = (listed: FoundConversation[], added: FoundConversation[]): FoundConversation[] => {
  const known = new Set(listed.map(({ id }) => id));
  return [...listed, ...added.filter(({ id }) => !known.has(id))];
};
