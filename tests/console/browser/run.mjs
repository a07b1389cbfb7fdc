// node run.mjs SCENARIOS NAME '{"what": "is given"}', in the folder that holds playwright-core.
// Opens the server's page in Chromium, whose microphone plays the WAV file $MICROPHONE in a loop, runs one function of
// scenarios/ and prints what it gives, as JSON.

import { createRequire } from 'node:module';

import { watchSockets } from './sockets.mjs';

const { chromium } = createRequire(`${process.cwd()}/`)('playwright-core');
const [scenarios, name, given] = process.argv.slice(2);
const { phone = false, dark = false, locale = 'en-US', width = 1280, height = 800, microphone = 'granted', ...rest } = JSON.parse(given);
const { CHROMIUM, MICROPHONE, KOUYU_HTTP, KOUYU_TOKEN, PATIENCE_MS } = process.env;

const DEVICE_OF_A_FILE = ['--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${MICROPHONE}`];
/** What the browser has, and whether it lets the page use it. */
const MICROPHONES = {
  granted: [...DEVICE_OF_A_FILE, '--use-fake-ui-for-media-stream'],
  refused: [...DEVICE_OF_A_FILE, '--use-fake-ui-for-media-stream=deny'],
  /** As the scenario sets the context's permissions. */
  'by permission': DEVICE_OF_A_FILE,
  missing: ['--use-fake-ui-for-media-stream', '--disable-audio-input'],
};
// Chromium refuses to run as root with its sandbox; containers have little /dev/shm.
const IN_A_CONTAINER = process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : [];

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [...MICROPHONES[microphone], ...IN_A_CONTAINER],
  timeout: 120_000,
});
try {
  const context = await browser.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width, height },
    deviceScaleFactor: phone ? 2 : 1,
    isMobile: phone,
    hasTouch: phone,
    colorScheme: dark ? 'dark' : 'light',
    locale,
  });
  context.setDefaultTimeout(Number(PATIENCE_MS) / 2);
  const page = await context.newPage();
  const errors = [];
  const hosts = new Set();
  page.on('console', message => console.error(`${message.type()}: ${message.text()}`));
  page.on('console', message => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', error => errors.push(String(error)));
  page.on('request', request => request.url().startsWith('http') && hosts.add(new URL(request.url()).host));
  const sockets = watchSockets(page);
  const { [name]: scenario } = await import(`./scenarios/${scenarios}.mjs`);
  const where = { http: KOUYU_HTTP, token: KOUYU_TOKEN };
  const late = new Promise((_, reject) => setTimeout(() => reject(Error('took too long')), Number(PATIENCE_MS)));
  const result = await Promise.race([scenario(page, where, rest, sockets), late]);
  const whole = { ...result, errors, hosts: [...hosts, ...sockets.hosts] };
  await new Promise(resolve => process.stdout.write(JSON.stringify(whole), resolve));
} finally {
  await browser.close();
}
process.exit(0);
