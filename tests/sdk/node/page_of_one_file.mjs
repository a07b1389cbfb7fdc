// node page_of_one_file.mjs FILE
// Opens the page FILE in Chromium, whose microphone plays the WAV file $MICROPHONE in a loop, starts a talk with the server,
// and prints the lines of the first turn.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

import { chromium } from 'playwright-core';

const { CHROMIUM, MICROPHONE, KOUYU_URL, KOUYU_TOKEN } = process.env;
const html = await readFile(process.argv[2]);
const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const container = process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : [];
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${MICROPHONE}`,
    ...container,
  ],
  timeout: 60_000,
});
try {
  const page = await browser.newPage();
  page.on('pageerror', error => {
    console.error(error);
    process.exit(1);
  });
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.fill('#url', KOUYU_URL.replace('http', 'ws'));
  await page.fill('#token', KOUYU_TOKEN);
  await page.click('#start');
  const lines = page.locator('#said li');
  await lines.nth(1).waitFor({ timeout: 90_000 });
  for (const line of (await lines.allTextContents()).slice(0, 2)) console.log(line);
} finally {
  await browser.close();
}
process.exit(0);
