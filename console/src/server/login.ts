import { t } from "../language/language";
import { accessToken, forgetAccess, rememberAccess } from "./access_token";
import { loginProblem } from "./login_problem";
import { call } from "./rest";

/** Removes the login from the address bar and the history, and exchanges it for an access token. */
export async function loginFromAddress(): Promise<void> {
  const login = new URLSearchParams(location.hash.slice(1)).get("login");
  if (login === null) return;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    await exchange(login);
  } catch (reason) {
    // A used link that is opened again does not sign out a user who is signed in.
    if (!accessToken.value) loginProblem.value = t("login.failed", { why: reason instanceof Error ? reason.message : String(reason) });
  }
}

async function exchange(login: string): Promise<void> {
  const answer = await call<{ access_token: string }>("POST", "/v1/kouyu/login", { json: { login }, isAnonymous: true });
  rememberAccess(answer.access_token);
  loginProblem.value = "";
}

/** Signs in with pasted text: the printed link, the login after its `#login=`, or an access token. */
export async function loginWith(pasted: string): Promise<void> {
  const text = pasted.trim();
  const login = /[#&]login=([^&\s]+)/.exec(text)?.[1];
  if (login !== undefined) {
    await exchange(login);
    return;
  }
  accessToken.value = text;
  await call("GET", "/v1/kouyu/configuration");
  rememberAccess(text);
}

/** Revokes and deletes the page's token; a token made by hand stays valid. */
export async function logout(): Promise<void> {
  try {
    await call("POST", "/v1/kouyu/logout");
  } finally {
    forgetAccess();
  }
}
