import { signal } from "@preact/signals";

const STORED = "kouyu.access";

/** The access token of this browser, or "" before the login. */
export const accessToken = signal<string>(localStorage.getItem(STORED) ?? "");

export function rememberAccess(token: string): void {
  localStorage.setItem(STORED, token);
  accessToken.value = token;
}

/** Forgets the token: the server does not know it any more, or the person leaves. */
export function forgetAccess(): void {
  localStorage.removeItem(STORED);
  accessToken.value = "";
}
