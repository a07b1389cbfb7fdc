// node browser.mjs NAME '{"what": "is given"}'
// Opens a page with the SDK's browser clients in Chromium, whose microphone plays the WAV file $MICROPHONE in a loop,
// runs one function of page/ there and prints what it gives, as JSON.

import { createServer } from 'node:http';

import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const [name, given] = process.argv.slice(2);
const { soundCardRate = 48_000, example = '', ...rest } = JSON.parse(given);
const { CHROMIUM, MICROPHONE, KOUYU_HTTP, KOUYU_TOKEN, PATIENCE_MS } = process.env;

const MICROPHONE_OF_A_FILE = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  `--use-file-for-fake-audio-capture=${MICROPHONE}`,
  '--autoplay-policy=no-user-gesture-required',
];
// Chromium refuses to run as root with its sandbox; containers have little /dev/shm.
const IN_A_CONTAINER = process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : [];

// The page of page/, with ``example`` as its own code.
async function bundledPage() {
  const contents = `import './page/index.js';\n${example}\nwindow.ready = true;`;
  const stdin = { contents, resolveDir: process.cwd() };
  const bundled = await build({ stdin, bundle: true, write: false, format: 'esm', logLevel: 'error' });
  return {
    '/': ['text/html', '<!doctype html><script type="module" src="/page.js"></script>'],
    '/page.js': ['text/javascript', bundled.outputFiles[0].text],
  };
}

// A page may use the microphone when it comes from this computer.
function serve(files) {
  const server = createServer((request, response) => {
    const [type, body] = files[request.url] ?? ['text/plain', ''];
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}/`)));
}

const address = await serve(await bundledPage());
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [...MICROPHONE_OF_A_FILE, ...IN_A_CONTAINER],
  timeout: 120_000,
});
try {
  const page = await browser.newPage();
  page.on('console', message => console.error(`${message.type()}: ${message.text()}`));
  page.on('pageerror', error => console.error(error));
  await page.addInitScript(rate => Object.assign(window, { soundCardRate: rate }), soundCardRate);
  await page.goto(address, { timeout: 120_000 });
  await page.waitForFunction(() => window.ready, undefined, { timeout: 120_000 });
  const where = { baseURL: KOUYU_HTTP, baseWsURL: KOUYU_HTTP.replace(/^http/, 'ws'), token: KOUYU_TOKEN };
  const result = await page.evaluate(
    ([scenario, connection, more, patienceMs]) => {
      const late = new Promise((_, reject) => setTimeout(() => reject(Error(`stuck after ${window.seen()}`)), patienceMs));
      return Promise.race([window.scenarios[scenario](connection, more), late]);
    },
    [name, where, rest, Number(PATIENCE_MS)],
  );
  await new Promise(resolve => process.stdout.write(JSON.stringify(result ?? null), resolve));
} finally {
  await browser.close();
}
process.exit(0);
