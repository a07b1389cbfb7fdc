// Access tokens, for administrators: list, create, change, revoke.

import { useEffect, useState } from "preact/hooks";

import { t } from "../language/language";
import { ServerError } from "../server/rest";
import { listTokens } from "../server/tokens";
import type { Token } from "../server/tokens";
import { NewSecret } from "./new_secret";
import { NewToken } from "./new_token";
import { problem } from "../server/problem";
import { TokenCard } from "./token_card";

export function TokensPage() {
  const [tokens, setTokens] = useState<Token[] | null>(null);
  const [isAllowed, setAllowed] = useState(true);
  const [created, setCreated] = useState<{ name: string; secret: string } | null>(null);
  /** Tokens created so far: each begins with an empty form. */
  const [count, setCount] = useState(0);
  const [error, setError] = useState("");
  const load = (): void => {
    listTokens().then(
      (listed) => { setTokens(listed); setError(""); },
      (reason: unknown) => {
        setAllowed(!(reason instanceof ServerError && reason.status === 403));
        setError(problem(reason));
      },
    );
  };
  useEffect(load, []);
  if (!isAllowed) return <NotAllowed />;
  return (
    <div class="two-columns tokens">
      <section class="panel" aria-label={t("tokens.new")}>
        <h2>{t("tokens.new")}</h2>
        <NewToken key={count} onCreated={(name, secret) => { setCreated({ name, secret }); setCount(count + 1); load(); }} />
      </section>
      <section class="panel" aria-label={t("page.tokens")}>
        <header class="toolbar"><h2>{t("page.tokens")}</h2>{tokens && <span class="count">{tokens.length}</span>}</header>
        {created && <NewSecret {...created} onClose={() => setCreated(null)} />}
        {error && <p class="error" role="alert">{error}</p>}
        {!tokens && !error && <p class="hint" role="status">{t("loading")}</p>}
        <ul class="token-list">{tokens?.map((token) => <TokenCard key={token.id} token={token} onChange={load} />)}</ul>
      </section>
    </div>
  );
}

function NotAllowed() {
  return (
    <section class="panel not-allowed" role="status">
      <h2>{t("page.tokens")}</h2>
      <p>{t("tokens.notAllowed")}</p>
      <p class="hint"><code>kouyu token link</code> — {t("tokens.linkHelp")}</p>
    </section>
  );
}
