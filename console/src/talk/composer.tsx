// The controls for talking and typing.

import { useEffect, useRef, useState } from "preact/hooks";

import { t } from "../language/language";
import { Icon } from "../shell/icon";
import { isLiveUser, isSounding } from "./bubbles";
import { LevelMeter } from "./level_meter";
import { hold, release, toggleMute } from "./listening";
import { microphone, trouble } from "./microphone";
import { MicrophoneHelp } from "./microphone_help";
import { SoundCheck } from "./sound_check";
import { bubbles, holding, isAnswering, isPushToTalk, muted, phase, volume } from "./state";
import { hangUp, interrupt, say, setVolume, speak, start } from "./talk";

export function Composer() {
  const isConnected = phase.value === "connected";
  // While a lost connection is being restored, typed text is kept, and the user can hang up.
  const isOpen = isConnected || phase.value === "lost";
  return (
    <div class="composer">
      <MicrophoneHelp />
      <div class="state-line">
        <p class="state" role="status">{stateText()}</p>
        {isRecording() && <LevelMeter />}
      </div>
      <div class="buttons">
        {isConnected ? <Volume /> : <SoundCheck />}
        {isConnected ? isPushToTalk.value ? <HoldButton /> : <MuteButton /> : <StartButton />}
        {isOpen ? (
          <div class="side">
            <button type="button" class="icon" disabled={!isAnswering.value} aria-label={t("talk.interrupt")} title={t("talk.interrupt")} onClick={interrupt}><Icon name="stop" /></button>
            <button type="button" class="icon danger" aria-label={t("talk.hangUp")} title={t("talk.hangUp")} onClick={() => void hangUp()}><Icon name="hangUp" /></button>
          </div>
        ) : <span />}
      </div>
      <TextBox />
    </div>
  );
}

/** The microphone is recorded now. */
const isRecording = (): boolean => phase.value === "connected" && (isPushToTalk.value ? holding.value && microphone.value === "usable" : !muted.value);

function stateText(): string {
  if (microphone.value === "asking") return t("state.asking");
  if (phase.value === "lost") return t("state.lost");
  if (phase.value === "connecting") return t("state.connecting");
  if (phase.value === "idle") return t("state.idle");
  if (bubbles.value.some(isSounding)) return t("state.speaking");
  if (isPushToTalk.value && holding.value) return t("state.holding");
  if (bubbles.value.some(isLiveUser)) return t("state.hearing");
  if (isAnswering.value) return t("state.thinking");
  if (trouble.value) return t("state.noMicrophone");
  if (isPushToTalk.value) return t("state.push");
  return t(muted.value ? "state.muted" : "state.listening");
}

function StartButton() {
  const isBusy = phase.value !== "idle";
  return <button type="button" class="talk-button start" disabled={isBusy} onClick={() => void start()}><Icon name="microphone" />{t(isBusy ? "talk.connecting" : "talk.start")}</button>;
}

function MuteButton() {
  return <button type="button" class={`talk-button ${muted.value ? "off" : "on"}`} aria-pressed={!muted.value} onClick={() => void toggleMute()}><Icon name={muted.value ? "microphoneOff" : "microphone"} />{t(muted.value ? "talk.unmute" : "talk.mute")}</button>;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest("input, textarea, select, button, summary, dialog, a") !== null;

function HoldButton() {
  useEffect(() => {
    const onDown = (event: KeyboardEvent): void => {
      if (event.code !== "Space" || event.repeat || isTyping(event.target)) return;
      event.preventDefault();
      void hold();
    };
    const onUp = (event: KeyboardEvent): void => {
      if (event.code === "Space") release();
    };
    addEventListener("keydown", onDown);
    addEventListener("keyup", onUp);
    addEventListener("blur", release);
    return () => {
      removeEventListener("keydown", onDown);
      removeEventListener("keyup", onUp);
      removeEventListener("blur", release);
    };
  }, []);
  const onKey = (event: KeyboardEvent): void => {
    if (event.repeat || (event.code !== "Space" && event.code !== "Enter")) return;
    event.preventDefault();
    void hold();
  };
  const onPointer = (event: PointerEvent): void => {
    if (event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId);
    void hold();
  };
  return (
    <button
      type="button" class={`talk-button hold ${holding.value ? "on" : ""}`} aria-pressed={holding.value}
      onPointerDown={onPointer} onPointerUp={release} onPointerCancel={release} onContextMenu={(event) => event.preventDefault()}
      onKeyDown={onKey} onKeyUp={release}
    >
      <Icon name="microphone" />{t(holding.value ? "talk.release" : "talk.hold")}
    </button>
  );
}

function Volume() {
  return <label class="volume"><Icon name="volume" /><input type="range" min={0} max={1} step={0.05} value={volume.value} aria-label={t("talk.volume")} onInput={(event) => setVolume(Number(event.currentTarget.value))} /></label>;
}

function TextBox() {
  const [text, setText] = useState("");
  const [files, setFiles] = useState<File[]>([]);
  const [error, setError] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const isReady = phase.value !== "lost";
  const submit = async (): Promise<void> => {
    if (!isReady || (!text.trim() && files.length === 0)) return;
    try {
      // Without a connection, a notice says why, and the text stays.
      if (await say(text.trim(), files)) {
        setText("");
        setFiles([]);
      }
      setError("");
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
    }
    field.current?.focus();
  };
  return (
    <form class="text-box" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      {files.length > 0 && <p class="files">{files.map((file) => <span key={file.name} class="tag"><Icon name="file" />{file.name}</span>)}<button type="button" class="quiet" onClick={() => setFiles([])}>{t("talk.noFiles")}</button></p>}
      {error && <p class="error" role="alert">{error}</p>}
      <label class="icon button" title={t("talk.attach")}>
        <Icon name="attach" /><span class="visually-hidden">{t("talk.attach")}</span>
        <input type="file" class="visually-hidden" multiple onChange={(event) => { setFiles([...files, ...(event.currentTarget.files ?? [])]); event.currentTarget.value = ""; }} />
      </label>
      <input ref={field} type="text" value={text} placeholder={t("talk.type")} aria-label={t("talk.type")} onInput={(event) => setText(event.currentTarget.value)} />
      <button type="button" class="icon" disabled={!isReady || !text.trim()} title={t("talk.speakHelp")} aria-label={t("talk.speak")} onClick={() => void speak(text.trim())}><Icon name="speak" /></button>
      <button type="submit" class="primary" disabled={!isReady}>{t("talk.send")}</button>
    </form>
  );
}
