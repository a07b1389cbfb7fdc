import { useEffect, useState } from "preact/hooks";

import { problem } from "./problem";

/** What `fetch` gave last, again every `everyMs`, and why the last attempt failed ("" if it did not). */
export function usePolled<Value>(fetch: (signal: AbortSignal) => Promise<Value>, everyMs: number): [Value | null, string] {
  const [value, setValue] = useState<Value | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    const ending = new AbortController();
    const look = (): void => {
      fetch(ending.signal).then(
        (now) => { setValue(now); setError(""); },
        (reason: unknown) => ending.signal.aborted || setError(problem(reason)),
      );
    };
    look();
    const timer = setInterval(look, everyMs);
    return () => { clearInterval(timer); ending.abort(); };
  }, []);
  return [value, error];
}
