import { signal } from "@preact/signals";

const STORED = "kouyu.access";

/** The access token of this browser, or "" before the login. */
export const accessToken = signal<string>(localStorage.getItem(STORED) ?? "");

export function rememberAccess(token: string): void {
  localStorage.setItem(STORED, token);
  accessToken.value = token;
}

/** Deletes the token: the server does not accept it any more, or the user signs out. */
export function forgetAccess(): void {
  localStorage.removeItem(STORED);
  accessToken.value = "";
}
