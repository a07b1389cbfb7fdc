// The page's frame: navigation, language, colours, and the login.

import { computed, effect } from "@preact/signals";

import { chooseLanguage, language, t } from "../language/language";
import type { TextName } from "../language/language";
import { accessToken } from "../server/access_token";
import { logout } from "../server/login";
import { TalkPage } from "../talk/talk_page";
import { conversationId } from "../talk/state";
import { hangUp } from "../talk/talk";
import "../talk/opened_conversation";
import { hrefOf, path } from "./address";
import { LoginPage } from "./login_page";
import { late } from "./late";
import { theme } from "./theme";
import type { Theme } from "./theme";
import { Icon } from "./icon";

const BotsPage = late(async () => (await import("../bots/bots_page")).BotsPage);
const ConversationsPage = late(async () => (await import("../conversations/conversations_page")).ConversationsPage);
const HealthPage = late(async () => (await import("../health/health_page")).HealthPage);
const TokensPage = late(async () => (await import("../tokens/tokens_page")).TokensPage);
const VoiceprintsPage = late(async () => (await import("../voiceprints/voiceprints_page")).VoiceprintsPage);

const PAGES = ["talk", "bots", "conversations", "voiceprints", "tokens", "health"] as const;
type PageName = (typeof PAGES)[number];

const page = computed<PageName>(() => PAGES.find((name) => name === path.value[0]) ?? "talk");

effect(() => {
  document.title = accessToken.value ? `${t(`page.${page.value}` as TextName)} · kouyu` : "kouyu";
});

/** The talk view keeps its conversation while another view is open. */
const hrefOfPage = (name: PageName): string => (name === "talk" && conversationId.value ? hrefOf(name, conversationId.value) : hrefOf(name));

/** An ordinary link to an element would replace the address. */
function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

export function App() {
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{t("skip")}</a>
      <header class="top">
        <h1><span class="glyph" aria-hidden="true">口语</span> kouyu</h1>
        {accessToken.value && <Navigation />}
        <span class="spacer" />
        <Looks />
        {accessToken.value && <button type="button" class="quiet" onClick={() => void leave()}>{t("logout")}</button>}
      </header>
      <main id="main" tabIndex={accessToken.value && page.value === "health" ? 0 : -1}>{accessToken.value ? <Shown /> : <LoginPage />}</main>
    </>
  );
}

async function leave(): Promise<void> {
  await hangUp();
  await logout().catch(() => {});
}

function Navigation() {
  return (
    <nav aria-label={t("pages")}>
      {PAGES.map((name) => (
        <a key={name} href={hrefOfPage(name)} aria-current={page.value === name ? "page" : undefined}>
          <Icon name={name} />{t(`page.${name}` as TextName)}
        </a>
      ))}
    </nav>
  );
}

function Shown() {
  switch (page.value) {
    case "talk":
      return <TalkPage />;
    case "bots":
      return <BotsPage />;
    case "conversations":
      return <ConversationsPage />;
    case "voiceprints":
      return <VoiceprintsPage />;
    case "tokens":
      return <TokensPage />;
    case "health":
      return <HealthPage />;
  }
}

const NEXT_THEME: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

function Looks() {
  const themeText = t(`theme.${theme.value}` as TextName);
  return (
    <>
      <button type="button" class="quiet" lang={language.value === "en" ? "zh" : "en"} onClick={() => chooseLanguage(language.value === "en" ? "zh" : "en")}>
        {language.value === "en" ? "中文" : "English"}
      </button>
      <button type="button" class="quiet icon" aria-label={themeText} title={themeText} onClick={() => (theme.value = NEXT_THEME[theme.value])}><Icon name={theme.value} /></button>
    </>
  );
}
