// Turns side by side, stage by stage.

import { duration, t } from "../language/language";
import { stageText, stagesOf, titleOf } from "./explanation";
import { STAGES } from "./facts";
import type { TurnRecord } from "./facts";
import { StageBar } from "./stage_bar";
import { keyOf } from "./watching";

/** A table of the stages of these turns; turns without audio of an answer are left out. */
export function Comparison({ records }: { records: readonly TurnRecord[] }) {
  const answered = records.flatMap((record) => {
    const stages = stagesOf(record);
    return stages ? [{ record, stages }] : [];
  });
  if (answered.length === 0) return <p class="hint">{t("compare.none")}</p>;
  const longest = Math.max(...answered.map(({ stages }) => stages.total));
  return (
    <div class="comparison">
      <table>
        <thead>
          <tr>
            <th scope="col">{t("stage.total")}</th>
            {STAGES.map((stage) => <th key={stage} scope="col"><i class={`stage-${stage}`} aria-hidden="true" />{stageText(stage)}</th>)}
          </tr>
        </thead>
        {answered.map(({ record, stages }) => (
          <tbody key={keyOf(record)}>
            <tr>
              <th scope="rowgroup" colSpan={STAGES.length + 1}>{titleOf(record)}</th>
            </tr>
            <tr>
              <td class="total">{duration(stages.total)}</td>
              {STAGES.map((stage) => <td key={stage} class={stages[stage] > 0 ? "" : "nothing"}>{duration(stages[stage])}</td>)}
            </tr>
            <tr class="bar-row">
              <td colSpan={STAGES.length + 1}><StageBar stages={stages} longest={longest} /></td>
            </tr>
          </tbody>
        ))}
      </table>
    </div>
  );
}
