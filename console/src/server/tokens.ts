import { call } from "./rest";

const TOKENS = "/v1/kouyu/tokens";

export const PERMISSIONS = ["voice", "text", "bots", "voiceprints", "diagnostics", "own_diagnostics", "administration"] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const LIMITS = ["conversations", "audio_minutes_a_day", "requests_a_minute"] as const;
export type Limit = (typeof LIMITS)[number];
/** What the clients of a token may use; a limit that is left out does not exist. */
export type Limits = Partial<Record<Limit, number>>;

/** An access token without its secret; times in Unix seconds, `expires_at` null: never. */
export interface Token {
  id: string;
  name: string;
  owner: string;
  permissions: string[];
  limits: Limits;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
}

export interface NewToken {
  name: string;
  owner: string;
  permissions: Permission[];
  limits: Limits;
  /** 0: it does not expire. */
  expires_in_s: number;
}

export const listTokens = (): Promise<Token[]> => call("GET", TOKENS);

/** The new token with its secret, which the server shows only here. */
export const createToken = (token: NewToken): Promise<{ token: Token; access_token: string }> =>
  call("POST", TOKENS, { json: token });

/** Sets permissions and all limits; a limit that is left out is taken away. */
export const changeToken = (id: string, permissions: Permission[], limits: Limits): Promise<Token> =>
  call("PUT", `${TOKENS}/${id}`, { json: { permissions, limits: Object.fromEntries(LIMITS.map((name) => [name, limits[name] ?? 0])) } });

export const revokeToken = (id: string): Promise<unknown> => call("DELETE", `${TOKENS}/${id}`);
