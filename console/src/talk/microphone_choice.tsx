import { t } from "../language/language";
import { microphoneId, microphones } from "./microphone";
import { chooseMicrophone } from "./talk";

/** Browsers give the names of microphones once access to one has been granted. */
export function MicrophoneChoice() {
  if (microphones.value.length < 2) return null;
  return (
    <label class="choice">
      <span>{t("talk.microphone")}</span>
      <select value={microphoneId.value} onChange={(event) => void chooseMicrophone(event.currentTarget.value)}>
        <option value="">{t("talk.anyVoice")}</option>
        {microphones.value.map(({ deviceId, label }) => <option key={deviceId} value={deviceId}>{label}</option>)}
      </select>
    </label>
  );
}
