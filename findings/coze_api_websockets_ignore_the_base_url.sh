#!/bin/sh
# Which server the WebSockets of @coze/api dial.
#
# Expected: baseURL names the server, and WebSockets go to it too unless baseWsURL names another.
# Seen with @coze/api 1.3.9 (Node 20): baseWsURL is not made of baseURL. Without it every WebSocket of the client goes to
# wss://ws.coze.cn, whatever baseURL is, while all of REST goes to baseURL. Even the SDK's own constant for the other region,
# COZE_COM_BASE_URL, leads to the host of the first one: each client has to be given both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --ignore-scripts @coze/api@1.3.9 axios@1 2>/dev/null
cat >hosts.cjs <<'JS'
const assert = require("node:assert");
const { CozeAPI, COZE_COM_BASE_URL } = require("@coze/api");

const hosts = (options) => {
  const client = new CozeAPI({ token: "token", ...options });
  return [client.baseURL, client.baseWsURL];
};
const cloud = "wss://ws.coze.cn";
const seen = [hosts({ baseURL: "https://voice.example.com" }), hosts({ baseURL: COZE_COM_BASE_URL })];
console.log(seen);
assert.deepEqual(seen, [["https://voice.example.com", cloud], ["https://api.coze.com", cloud]]);
const both = { baseURL: "https://voice.example.com", baseWsURL: "wss://voice.example.com" };
assert.deepEqual(hosts(both), Object.values(both));
JS
node hosts.cjs
