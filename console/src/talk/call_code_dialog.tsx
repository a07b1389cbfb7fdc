import { t } from "../language/language";
import { CodeDialog } from "../shell/code_dialog";
import { curlCode, javascriptCode, pythonCode } from "./call_code";
import { botId, conversationId, workflowId } from "./state";

/** This call as programs. */
export function CallCodeDialog({ onClose }: { onClose: () => void }) {
  const call = { base: location.origin, botId: botId.value, workflowId: workflowId.value, conversationId: conversationId.value };
  const programs = [
    { language: "Python", file: "call.py", text: pythonCode(call) },
    { language: "JavaScript", file: "call.mjs", text: javascriptCode(call) },
    { language: "curl", file: "call.sh", text: curlCode(call) },
  ];
  return <CodeDialog title={t("code.title")} hint={t("code.hint")} programs={programs} onClose={onClose} />;
}
