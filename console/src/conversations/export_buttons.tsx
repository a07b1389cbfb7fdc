import { useState } from "preact/hooks";

import { t } from "../language/language";
import { exportConversation } from "../server/conversations";
import type { ExportFormat } from "../server/conversations";
import { problem } from "../server/problem";
import { download } from "../shell/download";

const FORMATS: { format: ExportFormat; name: "conversations.txt" | "conversations.srt" | "conversations.json" }[] = [
  { format: "txt", name: "conversations.txt" },
  { format: "srt", name: "conversations.srt" },
  { format: "json", name: "conversations.json" },
];

/** Saves a conversation as a file, in one of the formats. */
export function ExportButtons({ id }: { id: string }) {
  const [error, setError] = useState("");
  const save = async (format: ExportFormat): Promise<void> => {
    try {
      const file = await exportConversation(id, format);
      if (file) download(file, `conversation-${id}.${format}`);
      setError(file ? "" : t("conversations.gone"));
    } catch (reason) {
      setError(problem(reason));
    }
  };
  return (
    <>
      <div class="segments" role="group" aria-label={t("conversations.export")}>
        {FORMATS.map(({ format, name }) => <button key={format} type="button" title={t(name)} onClick={() => void save(format)}>{format.toUpperCase()}</button>)}
      </div>
      {error && <span class="error" role="alert">{error}</span>}
    </>
  );
}
