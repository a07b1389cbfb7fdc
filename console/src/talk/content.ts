/** What a user wrote. */
export interface Content {
  text: string;
  /** Uploaded files by id, others by address. */
  files: string[];
}

type Part = { type: string; text?: string; file_id?: string; file_url?: string };

/** The parts of a message's content. */
export function contentOf(message: { content: string; content_type: string }): Content {
  if (message.content_type !== "object_string") return { text: message.content, files: [] };
  const parts = JSON.parse(message.content) as Part[];
  return {
    text: parts.flatMap((part) => part.text ?? []).join("\n"),
    files: parts.flatMap((part) => part.file_id ?? part.file_url ?? []),
  };
}

/** The same where the kind of content is not known: a list of parts as JSON, or words. */
export function guessedContent(content: string): Content {
  if (!content.startsWith('[{"')) return { text: content, files: [] };
  try {
    return contentOf({ content, content_type: "object_string" });
  } catch {
    return { text: content, files: [] };
  }
}
