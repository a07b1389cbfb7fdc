// The time from the end of the user's speech to the first audio, by stage.

import { duration, t } from "../language/language";
import { STAGES } from "./facts";
import type { Stages } from "./facts";
import { stageText } from "./explanation";

/** The stages as one stacked bar; `longest` is the time of the whole width, in ms. */
export function StageBar({ stages, longest }: { stages: Stages; longest: number }) {
  return (
    <div class="stage-bar" aria-hidden="true">
      {STAGES.filter((stage) => stages[stage] > 0).map((stage) => {
        const title = `${stageText(stage)}: ${duration(stages[stage])}`;
        const width = `${(stages[stage] / Math.max(longest, 1)) * 100}%`;
        return <span key={stage} class={`stage-${stage}`} style={{ width }} title={title} />;
      })}
    </div>
  );
}

/** The stages with their names and durations, and the sum. */
export function StageList({ stages }: { stages: Stages }) {
  return (
    <dl class="stage-list">
      <div class="total">
        <dt>{t("stage.total")}</dt>
        <dd>{duration(stages.total)}</dd>
      </div>
      {STAGES.map((stage) => (
        <div key={stage} class={stages[stage] > 0 ? "" : "nothing"}>
          <dt><i class={`stage-${stage}`} aria-hidden="true" />{stageText(stage)}</dt>
          <dd>{duration(stages[stage])}</dd>
        </div>
      ))}
    </dl>
  );
}
