import { useState } from "preact/hooks";

import { moment, t } from "../language/language";
import type { TextName } from "../language/language";
import { LIMITS, changeToken, revokeToken } from "../server/tokens";
import type { Permission, Token } from "../server/tokens";
import { problem } from "../server/problem";
import { RightsFields } from "./rights_fields";
import { Icon } from "../shell/icon";

/** One token, which can be changed and revoked; `onChange` is called when it was. */
export function TokenCard({ token, onChange }: { token: Token; onChange: () => void }) {
  const [isChanging, setChanging] = useState(false);
  const [error, setError] = useState("");
  const isExpired = token.expires_at !== null && token.expires_at * 1000 <= Date.now();
  const isLogin = token.permissions.includes("login");
  const revoke = async (): Promise<void> => {
    if (!confirm(t("tokens.sure", { name: token.name }))) return;
    await revokeToken(token.id).then(onChange, (reason: unknown) => setError(problem(reason)));
  };
  return (
    <li class="card token">
      <header class="toolbar">
        <h3>{token.name}</h3>
        {isExpired && <span class="tag cut-tag">{t("tokens.expired")}</span>}
        <span class="spacer" />
        {!isLogin && <button type="button" aria-expanded={isChanging} aria-label={t("tokens.changeName", { name: token.name })} onClick={() => setChanging(!isChanging)}>{t("tokens.change")}</button>}
        <button type="button" class="icon quiet" aria-label={t("tokens.revokeName", { name: token.name })} title={t("tokens.revoke")} onClick={() => void revoke()}><Icon name="delete" /></button>
      </header>
      <dl>
        <Fact name={t("tokens.owner")}>{token.owner || t("tokens.noOwner")}</Fact>
        <Fact name={t("tokens.permissions")}>{token.permissions.map((name) => t(`permission.${name}` as TextName)).join(t("comma"))}</Fact>
        <Fact name={t("tokens.limits")}>{limitsOf(token)}</Fact>
        <Fact name={t("tokens.lastUsed")}>{token.last_used_at === null ? t("tokens.unused") : moment(token.last_used_at)}</Fact>
        <Fact name={t("tokens.expires")}>{token.expires_at === null ? t("tokens.never") : moment(token.expires_at)}</Fact>
      </dl>
      {error && <p class="error" role="alert">{error}</p>}
      {isChanging && <Changing token={token} onDone={() => { setChanging(false); onChange(); }} />}
    </li>
  );
}

function Fact({ name, children }: { name: string; children: string }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

function limitsOf({ limits }: Token): string {
  const given = LIMITS.flatMap((name) => (limits[name] === undefined ? [] : [`${t(`limit.${name}`)}: ${limits[name]}`]));
  return given.join(t("comma")) || t("tokens.noLimit");
}

function Changing({ token, onDone }: { token: Token; onDone: () => void }) {
  const [rights, setRights] = useState({ permissions: token.permissions as Permission[], limits: token.limits });
  const [error, setError] = useState("");
  const submit = (): void => {
    changeToken(token.id, rights.permissions, rights.limits).then(onDone, (reason: unknown) => setError(problem(reason)));
  };
  return (
    <form class="token-form" onSubmit={(event) => { event.preventDefault(); submit(); }}>
      <RightsFields rights={rights} onChange={setRights} />
      {error && <p class="error" role="alert">{error}</p>}
      <button type="submit" class="primary" disabled={rights.permissions.length === 0}>{t("tokens.save")}</button>
    </form>
  );
}
