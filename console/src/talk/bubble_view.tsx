// Renders each kind of bubble.

import { useState } from "preact/hooks";

import { duration, t } from "../language/language";
import { stagesOf } from "../timeline/explanation";
import { showTurn } from "../timeline/shown_turn";
import { turns } from "../timeline/watching";
import { isWaitingTool } from "./bubbles";
import type { AgentBubble, Bubble, ToolBubble, UserBubble } from "./bubbles";
import { FileName } from "./file_name";
import { bubbles } from "./state";
import { submitTools } from "./talk";
import { Icon } from "../shell/icon";

export function BubbleView({ bubble }: { bubble: Bubble }) {
  switch (bubble.kind) {
    case "user":
      return <UserView bubble={bubble} />;
    case "agent":
      return <AgentView bubble={bubble} />;
    case "tool":
      return <ToolView bubble={bubble} />;
    case "notice":
      return <p class={`notice ${bubble.isError ? "error" : ""}`} role={bubble.isError ? "alert" : undefined}>{bubble.text}</p>;
  }
}

const Dots = ({ label }: { label: string }) => <span class="dots" role="img" aria-label={label}><i /><i /><i /></span>;

function UserView({ bubble }: { bubble: UserBubble }) {
  return (
    <div class={`bubble user ${bubble.live ? "live" : ""}`}>
      <span class="who">{t("talk.you")}</span>
      {bubble.text || (bubble.files.length === 0 && <Dots label={t("talk.listening")} />)}
      {bubble.files.map((file) => <span key={file} class="file"><Icon name="file" /><FileName id={file} /></span>)}
    </div>
  );
}

function AgentView({ bubble }: { bubble: AgentBubble }) {
  // The answer goes on once the tool's result is there.
  if (bubble.open && bubble.text === "" && bubbles.value.some((other) => isWaitingTool(other) && other.chatId === bubble.chatId)) return null;
  return (
    <div class={`bubble agent ${bubble.cutAt === null ? "" : "cut"}`}>
      <span class="who">{t("talk.agent")}</span>
      {bubble.text === "" && bubble.open && <Dots label={t("talk.thinking")} />}
      <AnswerText bubble={bubble} />
      {bubble.failure && <p class="error" role="alert">{t("talk.failed", { why: bubble.failure })}</p>}
      <div class="below">
        {bubble.cutAt !== null && <span class="tag cut-tag">{t(bubble.cutAt === 0 ? "talk.cutBefore" : "talk.cut")}</span>}
        <TurnLink chatId={bubble.chatId} />
      </div>
    </div>
  );
}

/** The answer: the sentence that is being played is marked, unheard text is struck through. */
function AnswerText({ bubble }: { bubble: AgentBubble }) {
  const { text, cutAt, sounding } = bubble;
  if (cutAt !== null) {
    return <>{text.slice(0, cutAt)}<del aria-label={t("talk.unheard")}>{text.slice(cutAt)}</del></>;
  }
  const sentence = bubble.sentences.find(({ id }) => id === sounding?.id);
  if (!sentence) return <>{text}</>;
  return (
    <>
      {text.slice(0, sentence.start)}
      <mark class="sounding">{text.slice(sentence.start, sentence.end)}</mark>
      {text.slice(sentence.end)}
    </>
  );
}

/** How long the answer took; opens its turn. */
function TurnLink({ chatId }: { chatId: string }) {
  const record = chatId && turns.value.findLast((turn) => turn.chat_id === chatId);
  if (!record) return null;
  const stages = stagesOf(record);
  const text = stages ? duration(stages.total) : t("talk.why");
  return <button type="button" class="tag turn-link" title={t("talk.whyHelp")} onClick={() => showTurn(record)}><Icon name="clock" />{text}</button>;
}

function ToolView({ bubble }: { bubble: ToolBubble }) {
  const [outputs, setOutputs] = useState<Record<string, string>>({});
  return (
    <form class={`bubble tool ${bubble.state}`} onSubmit={(event) => { event.preventDefault(); submitTools(bubble, outputs); }}>
      <span class="who">{t("tool.asked")}</span>
      {bubble.calls.map((call) => (
        <label key={call.id}>
          <code>{call.function?.name}({call.function?.arguments})</code>
          <textarea rows={2} required disabled={bubble.state !== "waiting"} placeholder={t("tool.result")} value={outputs[call.id] ?? ""} onInput={(event) => setOutputs({ ...outputs, [call.id]: event.currentTarget.value })} />
        </label>
      ))}
      <button type="submit" class="primary" disabled={bubble.state !== "waiting"}>{t(`tool.${bubble.state}`)}</button>
    </form>
  );
}
