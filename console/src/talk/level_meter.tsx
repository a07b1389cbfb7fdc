import { t } from "../language/language";
import { level } from "./microphone";

/** The level at the microphone, as a bar. */
export function LevelMeter() {
  const percent = Math.round(level.value * 100);
  return (
    <span class="level" role="meter" aria-label={t("microphone.level")} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <i style={{ width: `${percent}%` }} />
    </span>
  );
}
