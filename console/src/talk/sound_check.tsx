// The sound check: whether the microphone hears the user, and the user the loudspeaker.

import { useEffect, useRef, useState } from "preact/hooks";

import { captureContext } from "../capture/audio_context";
import { t } from "../language/language";
import { Icon } from "../shell/icon";
import { RecordButton } from "../voiceprints/record_button";
import { LevelMeter } from "./level_meter";
import { close, level, microphone, openMicrophone, watchLevel } from "./microphone";
import { MicrophoneChoice } from "./microphone_choice";
import { MicrophoneHelp } from "./microphone_help";
import { microphoneId } from "./microphone";

/** Between a quiet room and speech, as a level. */
const SPEECH = 0.45;
const QUIET_MS = 6_000;

export function SoundCheck() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="quiet" onClick={() => setOpen(true)}>{t("check.title")}</button>
      {isOpen && <Check onClose={() => setOpen(false)} />}
    </>
  );
}

function Check({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [recording, setRecording] = useState("");
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => () => URL.revokeObjectURL(recording), [recording]);
  return (
    <dialog class="card sound-check" ref={dialog} onClose={onClose} aria-label={t("check.title")}>
      <header class="toolbar"><h2>{t("check.title")}</h2><span class="spacer" /><button type="button" class="primary" onClick={() => dialog.current?.close()}>{t("settings.done")}</button></header>
      <section>
        <h3>{t("talk.microphone")}</h3>
        <MicrophoneChoice />
        <Heard key={microphoneId.value} />
        <div class="toolbar">
          <RecordButton label={t("check.record")} disabled={false} onRecorded={(audio) => setRecording(URL.createObjectURL(audio))} />
          {recording && <audio controls autoplay src={recording} />}
        </div>
      </section>
      <section>
        <h3>{t("check.loudspeaker")}</h3>
        <p class="hint">{t("check.tones")}</p>
        <div class="toolbar"><button type="button" onClick={playTones}><Icon name="play" />{t("check.play")}</button></div>
      </section>
    </dialog>
  );
}

/** The microphone's level, and whether it has heard anything like speech. */
function Heard() {
  const [heard, setHeard] = useState(false);
  const [isLate, setLate] = useState(false);
  const isLoud = level.value > SPEECH;
  useEffect(() => {
    let isOver = false;
    let end = (): void => {};
    openMicrophone().then(
      (stream) => {
        if (isOver) return close(stream);
        const stop = watchLevel(stream);
        end = () => { stop(); close(stream); };
      },
      () => {}, // MicrophoneHelp says why
    );
    const timer = setTimeout(() => setLate(true), QUIET_MS);
    return () => { isOver = true; clearTimeout(timer); end(); };
  }, []);
  useEffect(() => { if (isLoud) setHeard(true); }, [isLoud]);
  if (microphone.value !== "usable") return <MicrophoneHelp />;
  return (
    <>
      <LevelMeter />
      <p role="status">{t(heard ? "check.heard" : isLate ? "check.silent" : "check.speak")}</p>
    </>
  );
}

/** Two tones, one after the other, a fifth apart. */
function playTones(): void {
  const context = captureContext();
  for (const [index, frequency] of [440, 660].entries()) {
    const begin = context.currentTime + index * 0.45;
    const tone = new OscillatorNode(context, { frequency });
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(0.25, begin + 0.03);
    gain.gain.linearRampToValueAtTime(0, begin + 0.4);
    tone.connect(gain).connect(context.destination);
    tone.start(begin);
    tone.stop(begin + 0.45);
  }
}
