import { useEffect, useState } from "preact/hooks";

import { t } from "../language/language";
import type { TurnRecord } from "./facts";
import { TurnView } from "./turn_view";

/** A recorded turn, shown until there is one of the user's own. */
export function ExampleTurn() {
  const [record, setRecord] = useState<TurnRecord | null>(null);
  useEffect(() => {
    // The type that is derived from the file is too narrow for its facts.
    import("./example_turn.json").then(({ default: example }) => setRecord(example as unknown as TurnRecord), () => {});
  }, []);
  return (
    <>
      <p class="hint">{t("timeline.none")}</p>
      {record && <div class="example"><p class="tag">{t("timeline.example")}</p><TurnView record={record} /></div>}
    </>
  );
}
