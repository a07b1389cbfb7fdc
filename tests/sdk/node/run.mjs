// node run.mjs SCENARIOS NAME '{"what": "is given"}'
// Runs one function of scenarios/SCENARIOS.mjs with an SDK client and prints what it gives, as JSON.

import { CozeAPI } from '@coze/api';

console.log = console.debug = console.info = console.error; // stdout is for the result

const [scenarios, name, given] = process.argv.slice(2);
const { KOUYU_HTTPS, KOUYU_TOKEN, PATIENCE_MS } = process.env;

setTimeout(() => {
  throw Error(`stuck after ${globalThis.seen?.()}`);
}, Number(PATIENCE_MS));

export function client({ token = KOUYU_TOKEN } = {}) {
  return new CozeAPI({ token, baseURL: KOUYU_HTTPS, baseWsURL: KOUYU_HTTPS.replace(/^http/, 'ws') });
}

const { [name]: scenario } = await import(`./scenarios/${scenarios}.mjs`);
const result = await scenario(client(), JSON.parse(given), client);
process.stdout.write(JSON.stringify(result ?? null), () => process.exit(0));
