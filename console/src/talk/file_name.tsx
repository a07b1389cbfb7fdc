import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { call } from "../server/rest";

/** The names of uploaded files, by id. */
const names = signal<ReadonlyMap<string, string>>(new Map());

export function rememberName(id: string, name: string): void {
  if (name) names.value = new Map([...names.value, [id, name]]);
}

const asked = new Set<string>();

/** An uploaded file by its name; a file that is gone, or of another server, by its id or address. */
export function FileName({ id }: { id: string }) {
  const isUpload = /^\d+$/.test(id);
  useEffect(() => {
    if (!isUpload || names.peek().has(id) || asked.has(id)) return;
    asked.add(id);
    call<{ file_name: string }>("GET", "/v1/files/retrieve", { query: { file_id: id } }).then(
      ({ file_name }) => rememberName(id, file_name),
      () => {}, // it has been deleted
    );
  }, [id]);
  return <>{names.value.get(id) ?? id}</>;
}
