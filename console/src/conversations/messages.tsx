// The messages of one conversation, with their recordings if kept.

import { useEffect, useRef, useState } from "preact/hooks";

import { duration, moment, t } from "../language/language";
import { keptAudio, listKeptAudio, listMessages } from "../server/resources";
import type { KeptAudio, StoredMessage } from "../server/resources";
import { hrefOf } from "../shell/address";
import { Icon } from "../shell/icon";
import { contentOf } from "../talk/content";
import { FileName } from "../talk/file_name";

const SHOWN = new Set(["question", "answer", "function_call", "tool_response", "tool_output", ""]);

export function Messages({ conversationId, turn }: { conversationId: string; turn: string }) {
  const [messages, setMessages] = useState<StoredMessage[] | null>(null);
  const [sounds, setSounds] = useState<Map<string, KeptAudio>>(new Map());
  const [error, setError] = useState("");
  useEffect(() => {
    listMessages(conversationId).then(setMessages, (reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason)));
    listKeptAudio(conversationId).then(
      (kept) => setSounds(new Map(kept.map((audio) => [audio.message_id, audio]))),
      () => {},
    );
  }, [conversationId]);
  if (error) return <p class="error" role="alert">{error}</p>;
  if (!messages) return <p class="hint" role="status">{t("loading")}</p>;
  const shown = messages.filter(({ type }) => SHOWN.has(type));
  if (shown.length === 0) return <p class="hint">{t("conversations.empty")}</p>;
  return (
    <div class="bubbles" tabIndex={0} role="log" aria-label={t("talk.title")}>
      {shown.map((message) => (
        <Message key={message.id} message={message} conversationId={conversationId} isNamed={turn !== "" && message.chat_id === turn} sound={sounds.get(message.id)} />
      ))}
    </div>
  );
}

function Message(props: { message: StoredMessage; conversationId: string; isNamed: boolean; sound: KeptAudio | undefined }) {
  const { message, sound } = props;
  const content = contentOf(message);
  const isTool = message.type === "function_call" || message.type.startsWith("tool");
  const look = isTool ? "tool" : message.role === "user" ? "user" : "agent";
  const shape = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (props.isNamed && message.role === "user") shape.current?.scrollIntoView({ block: "start" });
  }, [props.isNamed]);
  return (
    <div class={`bubble ${look} ${props.isNamed ? "named" : ""}`} ref={shape}>
      <span class="who">{isTool ? message.type : t(message.role === "user" ? "talk.you" : "talk.agent")}</span>
      {content.text}
      {content.files.map((file) => <span key={file} class="file"><Icon name="file" /><FileName id={file} /></span>)}
      <div class="below">
        {message.created_at !== undefined && <TurnAddress conversationId={props.conversationId} message={message} at={message.created_at} />}
        {sound && <Sound conversationId={props.conversationId} sound={sound} />}
      </div>
    </div>
  );
}

/** When it was said; a link to its turn, to be sent to others. */
function TurnAddress({ conversationId, message, at }: { conversationId: string; message: StoredMessage; at: number }) {
  const time = <time>{moment(at)}</time>;
  if (!message.chat_id) return <span class="hint">{time}</span>;
  return <a class="hint" href={hrefOf("conversations", conversationId, message.chat_id)} title={t("conversations.turn")}>{time}</a>;
}

/** Fetches a recording on request: an audio element cannot send an access token. */
function Sound({ conversationId, sound }: { conversationId: string; sound: KeptAudio }) {
  const [address, setAddress] = useState("");
  useEffect(() => () => URL.revokeObjectURL(address), [address]);
  const play = async (): Promise<void> => {
    const audio = await keptAudio(conversationId, sound.message_id);
    if (audio) setAddress(URL.createObjectURL(audio));
  };
  if (address) return <audio controls autoplay src={address} />;
  return <button type="button" class="tag" onClick={() => void play()}><Icon name="play" />{t("conversations.hear")} {duration(sound.duration_ms)}</button>;
}
