import { t } from "../language/language";
import { accessToken, forgetAccess } from "./access_token";
import { loginProblem } from "./login_problem";

/** An error answer, with the protocol's error code. */
export class ServerError extends Error {
  constructor(
    readonly code: number,
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

interface Request {
  query?: Record<string, string | number | boolean | undefined>;
  json?: unknown;
  form?: FormData;
  signal?: AbortSignal;
  /** Requests without the access token, so that a refusal does not delete it. */
  isAnonymous?: boolean;
}

interface Wrapper {
  code: number;
  msg: string;
}

function address(path: string, query: Request["query"] = {}): string {
  const pairs = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}

async function send(method: string, path: string, request: Request): Promise<Response> {
  const headers = new Headers();
  const token = request.isAnonymous ? "" : accessToken.value;
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (request.json !== undefined) headers.set("Content-Type", "application/json");
  const body = request.form ?? (request.json === undefined ? null : JSON.stringify(request.json));
  const signal = request.signal ?? null;
  const response = await fetch(address(path, request.query), { method, headers, body, signal }).catch((reason: unknown) => {
    // For an unreachable server, browsers give only texts such as "Failed to fetch".
    throw reason instanceof TypeError ? new Error(t("noServer")) : reason;
  });
  if (token && token === accessToken.value && response.status === 401) {
    loginProblem.value = t("login.noLonger");
    forgetAccess();
  }
  return response;
}

/** The server's whole answer, with the keys besides `data`; throws a ServerError for an error. */
export async function callWhole<Answer>(method: string, path: string, request: Request = {}): Promise<Answer> {
  const response = await send(method, path, request);
  const answer = (await response.json().catch(() => ({ code: -1, msg: response.statusText }))) as Wrapper;
  if (!response.ok || answer.code !== 0) {
    throw new ServerError(answer.code, response.status, answer.msg || `HTTP ${response.status}`);
  }
  return answer as Answer;
}

/** `data` of the server's answer; throws a ServerError for an error. */
export async function call<Data>(method: string, path: string, request: Request = {}): Promise<Data> {
  return (await callWhole<{ data: Data }>(method, path, request)).data;
}

/** Bytes from the server, for instance audio; null if there are none. */
export async function bytes(path: string, query: Request["query"] = {}): Promise<Blob | null> {
  const response = await send("GET", path, { query });
  if (response.status === 404) return null;
  if (!response.ok) throw new ServerError(-1, response.status, response.statusText);
  return response.blob();
}
