// A dialog with one program in several languages, to copy or save.

import { useEffect, useRef, useState } from "preact/hooks";

import { t } from "../language/language";
import { download } from "./download";
import { Icon } from "./icon";

export interface Program {
  language: string;
  file: string;
  text: string;
}

export function CodeDialog({ title, hint, programs, onClose }: { title: string; hint: string; programs: Program[]; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const code = useRef<HTMLPreElement>(null);
  const [chosen, setChosen] = useState(0);
  const [said, setSaid] = useState("");
  useEffect(() => dialog.current?.showModal(), []);
  const program = programs[chosen] ?? programs[0];
  if (!program) return null;
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(program.text);
      setSaid(t("code.copied"));
    } catch {
      // Browsers give the clipboard to https addresses and this machine alone.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setSaid(t("code.copyYourself"));
    }
  };
  return (
    <dialog class="code-dialog" ref={dialog} onClose={onClose} onClick={(event) => event.target === dialog.current && dialog.current?.close()} aria-label={title}>
      <header class="toolbar">
        <h2>{title}</h2>
        <span class="spacer" />
        <button type="button" class="icon quiet" aria-label={t("close")} onClick={() => dialog.current?.close()}><Icon name="hangUp" /></button>
      </header>
      <p class="hint">{hint}</p>
      <div class="toolbar">
        {programs.length > 1 && (
          <div class="segments" role="group" aria-label={t("code.language")}>
            {programs.map(({ language }, index) => (
              <button key={language} type="button" aria-pressed={index === chosen} onClick={() => { setChosen(index); setSaid(""); }}>{language}</button>
            ))}
          </div>
        )}
        <span class="spacer" />
        <span class="hint" role="status">{said}</span>
        <button type="button" onClick={() => download(new Blob([program.text], { type: "text/plain" }), program.file)}>{t("code.save")}</button>
        <button type="button" class="primary" onClick={() => void copy()}>{t("code.copy")}</button>
      </div>
      <pre ref={code} tabIndex={0} aria-label={program.language}>{program.text}</pre>
    </dialog>
  );
}
