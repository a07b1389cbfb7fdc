// The talk page: conversation, controls and timeline.

import { useEffect, useRef, useState } from "preact/hooks";

import { t } from "../language/language";
import { chosen } from "../settings/chosen";
import { SettingsForm } from "../settings/form";
import { isTimelineOpen } from "../timeline/shown_turn";
import { TimelinePanel } from "../timeline/timeline_panel";
import { ownWire, ownWireChanges } from "../timeline/recorded_socket";
import { own } from "../timeline/watching";
import { BubbleView } from "./bubble_view";
import { CallCodeDialog } from "./call_code_dialog";
import { Composer } from "./composer";
import { newConversation } from "./opened_conversation";
import { Partners } from "./partners";
import { MicrophoneChoice } from "./microphone_choice";
import { bubbles, phase } from "./state";
import { applySettings, clearContext } from "./talk";
import { Welcome } from "./welcome";

const OWN_WIRE = { log: () => ownWire, changes: ownWireChanges };

export function TalkPage() {
  const [hasSettings, setSettings] = useState(false);
  const [hasCode, setCode] = useState(false);
  return (
    <div class={`talk-page ${isTimelineOpen.value ? "timeline-open" : ""}`}>
      <section class="panel conversation" aria-label={t("talk.title")}>
        <Partners onSettings={() => setSettings(true)} onCode={() => setCode(true)} />
        <Bubbles />
        <Composer />
      </section>
      <TimelinePanel of={own} wire={OWN_WIRE} />
      {hasSettings && <SettingsDialog onClose={() => setSettings(false)} />}
      {hasCode && <CallCodeDialog onClose={() => setCode(false)} />}
    </div>
  );
}

function Bubbles() {
  const list = useRef<HTMLDivElement>(null);
  const shown = bubbles.value;
  // Stays at the end, unless the user has scrolled back.
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [shown]);
  const onScroll = ({ currentTarget: box }: { currentTarget: HTMLElement }): void => {
    isAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  };
  return (
    <div class="bubbles" ref={list} onScroll={onScroll} role="log" aria-live="polite" aria-label={t("talk.title")} tabIndex={0}>
      {shown.length === 0 && <Welcome />}
      {shown.map((bubble) => <BubbleView key={bubble.key} bubble={bubble} />)}
    </div>
  );
}

function SettingsDialog({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const close = (): void => {
    void applySettings();
    onClose();
  };
  const count = Object.keys(chosen.value).length;
  return (
    <dialog class="drawer" ref={dialog} onClose={close} onClick={(event) => event.target === dialog.current && dialog.current?.close()} aria-label={t("settings.title")}>
      <header class="toolbar">
        <h2>{t("settings.title")}</h2>
        {count > 0 && <span class="count">{t("settings.changed", { count })}</span>}
        <span class="spacer" />
        <button type="button" class="primary" onClick={() => dialog.current?.close()}>{t(phase.value === "connected" ? "settings.apply" : "settings.done")}</button>
      </header>
      <SettingsForm />
      <footer class="toolbar">
        <button type="button" onClick={clearContext} disabled={phase.value !== "connected"}>{t("talk.clear")}</button>
        <button type="button" onClick={() => newConversation()}>{t("talk.new")}</button>
        <MicrophoneChoice />
      </footer>
    </dialog>
  );
}
