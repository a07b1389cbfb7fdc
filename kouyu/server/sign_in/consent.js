// The pages on which a user lets an app or a device in. The access token is that of the page at /, in this browser.
"use strict";

const STORED = "kouyu.access"; // as console/src/server/access_token.ts
const part = (id) => document.getElementById(id);
const login = part("login");
const device = part("device");
const consent = part("consent");
let token = localStorage.getItem(STORED) ?? "";
let userCode = "";

function show(form) {
  for (const each of [login, device, consent, part("done")]) if (each) each.hidden = each !== form;
  form.querySelector("input")?.focus();
}

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "omit",
  });
  const found = await answer.json();
  if (answer.ok) return found.data;
  const problem = new Error(found.msg);
  problem.needsLogin = answer.status === 401 || answer.status === 403;
  throw problem;
}

async function attempt(work) {
  part("problem").textContent = "";
  try {
    await work();
  } catch (problem) {
    part("problem").textContent = problem.message;
    if (problem.needsLogin) show(login);
  }
}

function begin() {
  if (!token) show(login);
  else if (device) show(device);
  else showConsent(consent.dataset);
}

function showConsent(asked) {
  part("app").textContent = asked.app;
  part("opens").textContent = asked.opens;
  part("owner").textContent = asked.owner || "this server (no named owner)";
  for (const each of [part("goes-to"), part("goes-to").previousElementSibling]) each.hidden = !asked.goesTo;
  part("goes-to").textContent = asked.goesTo ?? "";
  show(consent);
}

function finish(allow) {
  part("done").textContent = allow ? "The device is let in. You can close this page." : "The device was not let in.";
  show(part("done"));
}

async function decide(allow) {
  if (device) {
    await call("POST", `/v1/kouyu/sign_ins/${encodeURIComponent(userCode)}`, { allow });
    finish(allow);
    return;
  }
  const asked = Object.fromEntries(new URLSearchParams(location.search));
  const { response_type, client_id, redirect_uri, state, code_challenge, code_challenge_method } = asked;
  const decided = { response_type, client_id, redirect_uri, state, code_challenge, code_challenge_method, allow };
  location.assign((await call("POST", "/v1/kouyu/sign_ins", decided)).redirect_to);
}

login.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const pasted = part("pasted").value.trim();
    const once = /[#&]login=([^&\s]+)/.exec(pasted)?.[1];
    token = once === undefined ? pasted : "";
    if (once !== undefined) {
      token = (await call("POST", "/v1/kouyu/login", { login: decodeURIComponent(once) })).access_token;
      localStorage.setItem(STORED, token);
    }
    part("pasted").value = "";
    begin();
  });
});

device?.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    userCode = part("code").value.trim();
    showConsent(await call("GET", `/v1/kouyu/sign_ins/${encodeURIComponent(userCode)}`));
  });
});

part("allow").addEventListener("click", () => attempt(() => decide(true)));
part("deny").addEventListener("click", () => attempt(() => decide(false)));
begin();
