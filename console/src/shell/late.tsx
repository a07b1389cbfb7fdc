import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";

import { t } from "../language/language";

/** A view that is fetched when it is first shown, so that the first visit loads little. */
export function late(load: () => Promise<ComponentType>): ComponentType {
  let loaded: ComponentType | undefined;
  return function Late() {
    const state = useSignal<"waiting" | "there" | "failed">(loaded ? "there" : "waiting");
    useEffect(() => {
      if (loaded) return;
      load().then(
        (view) => { loaded = view; state.value = "there"; },
        () => (state.value = "failed"), // the server is gone, or has another version of the page
      );
    }, []);
    if (state.value === "failed") return <p class="error" role="alert">{t("notLoaded")} <button type="button" onClick={() => location.reload()}>{t("reload")}</button></p>;
    const View = loaded;
    return View ? <View /> : <p class="hint" role="status">{t("loading")}</p>;
  };
}
