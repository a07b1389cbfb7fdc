import { useRef, useState } from "preact/hooks";

import { t } from "../language/language";
import type { TextName } from "../language/language";
import { troubleOf } from "../talk/microphone";
import { record } from "./recording";
import type { Recording } from "./recording";
import { Icon } from "../shell/icon";

/** A button that records from the first press to the second. */
export function RecordButton({ label, disabled, onRecorded }: { label: string; disabled: boolean; onRecorded: (audio: Blob) => void }) {
  const [isRecording, setRecording] = useState(false);
  const [error, setError] = useState("");
  const recording = useRef<Recording | null>(null);
  const press = async (): Promise<void> => {
    if (recording.current) {
      const audio = recording.current.stop();
      recording.current = null;
      setRecording(false);
      onRecorded(audio);
      return;
    }
    try {
      recording.current = await record();
      setRecording(true);
      setError("");
    } catch (reason) {
      const why = troubleOf(reason);
      setError(`${t(`microphone.${why}` as TextName)} ${t(`microphone.${why}.help` as TextName)}`);
    }
  };
  return (
    <>
      <button type="button" class={isRecording ? "danger" : "primary"} aria-pressed={isRecording} disabled={disabled && !isRecording} onClick={() => void press()}>
        <Icon name={isRecording ? "stop" : "microphone"} />{isRecording ? t("voiceprints.stop") : label}
      </button>
      {error && <span class="error" role="alert">{error}</span>}
    </>
  );
}
