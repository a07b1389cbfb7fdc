// What is in the way of the microphone, and what the user can do.

import { t } from "../language/language";
import type { TextName } from "../language/language";
import { Icon } from "../shell/icon";
import { tryAgain } from "./listening";
import { microphone, stopAsking, trouble } from "./microphone";

export function MicrophoneHelp() {
  const why = trouble.value;
  if (microphone.value === "asking") {
    return (
      <div class="microphone-help" role="status">
        <p>{t("microphone.asking")}</p>
        <div class="toolbar"><button type="button" onClick={stopAsking}>{t("microphone.type")}</button></div>
      </div>
    );
  }
  if (!why) return null;
  return (
    <div class="microphone-help trouble" role="alert">
      <p><strong><Icon name="microphoneOff" />{t(`microphone.${why}` as TextName)}</strong> {t(`microphone.${why}.help` as TextName)}</p>
      {why !== "insecure" && <div class="toolbar"><button type="button" onClick={() => void tryAgain()}>{t("microphone.again")}</button></div>}
    </div>
  );
}
