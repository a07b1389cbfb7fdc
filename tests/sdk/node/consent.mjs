// A user signs in on the consent pages, lets a device in, then an app. Prints where the app's page leads.
import { chromium } from 'playwright-core';

const [link, device, authorize, redirectUri] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
const page = await browser.newPage();
const shown = id => page.waitForSelector(`#${id}:not([hidden])`);
try {
  await page.goto(device);
  await page.fill('#pasted', 'no token');
  await page.click('#login button');
  await shown('device');
  await page.click('#device button');
  await shown('login');
  await page.waitForFunction(() => document.getElementById('problem').textContent);
  await page.fill('#pasted', link);
  await page.click('#login button');
  await shown('device');
  await page.click('#device button');
  await shown('consent');
  await page.click('#allow');
  await shown('done');
  await page.goto(authorize); // signed in already
  await shown('consent');
  const leaving = page.waitForRequest(request => request.url().startsWith(redirectUri));
  await page.click('#allow');
  console.log((await leaving).url());
} finally {
  await browser.close();
}
