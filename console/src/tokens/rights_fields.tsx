// The form's fields for what a token permits and its limits.

import { t } from "../language/language";
import { LIMITS, PERMISSIONS } from "../server/tokens";
import type { Limit, Limits, Permission } from "../server/tokens";

/** What a token permits, and how much. */
export interface Rights {
  permissions: Permission[];
  limits: Limits;
}

/** Everything but administration, without limits: what the server gives where nothing is chosen. */
export const DEFAULT_RIGHTS: Rights = { permissions: ["voice", "text", "bots", "voiceprints", "diagnostics"], limits: {} };

export function RightsFields({ rights, onChange }: { rights: Rights; onChange: (rights: Rights) => void }) {
  const { permissions, limits } = rights;
  const toggle = (name: Permission, isOn: boolean): void => {
    const chosen = PERMISSIONS.filter((each) => (each === name ? isOn : permissions.includes(each)));
    onChange({ ...rights, permissions: chosen });
  };
  const limit = (name: Limit, text: string): void => {
    const { [name]: _, ...others } = limits;
    onChange({ ...rights, limits: text === "" ? others : { ...others, [name]: Number(text) } });
  };
  return (
    <>
      <fieldset>
        <legend>{t("tokens.permissions")}</legend>
        {PERMISSIONS.map((name) => (
          <label key={name} class="permission">
            <input type="checkbox" name={name} checked={permissions.includes(name)} onChange={(event) => toggle(name, event.currentTarget.checked)} />
            <span>{t(`permission.${name}`)} <code>{name}</code></span>
          </label>
        ))}
        {permissions.length === 0 && <p class="error" role="alert">{t("tokens.noPermission")}</p>}
      </fieldset>
      <fieldset class="limits">
        <legend>{t("tokens.limits")}</legend>
        {LIMITS.map((name) => (
          <label key={name}>
            {t(`limit.${name}`)}
            <input type="number" name={name} min={1} max={1_000_000_000} step={1} placeholder={t("tokens.noLimit")} value={limits[name] ?? ""} onInput={(event) => event.currentTarget.validity.badInput || limit(name, event.currentTarget.value)} />
          </label>
        ))}
      </fieldset>
    </>
  );
}
