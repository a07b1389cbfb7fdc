// What axe-core finds wrong with each view, in light and in dark colours.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { PUSH_TO_TALK, answered, start, type } from '../talk_page.mjs';

const AXE = await readFile(createRequire(`${process.cwd()}/`).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'] };

const run = rules =>
  window.axe.run(document, rules).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`)),
  );

/** A function that looks at what the page shows, and an object with what it has found, by the name of the view. */
function looking(page) {
  const found = {};
  const look = async name => {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.evaluate(AXE);
      found[`${name}, ${colorScheme}`] = await page.evaluate(run, RULES);
    }
  };
  return { look, found };
}

const go = (page, name) => page.click(`nav a:has-text("${name}")`);
const closeDialog = page => page.click('dialog[open] button[aria-label="Close"]');

/** The views of the page, as an administrator sees them, whose login this is. */
export async function page(page, { http }, { login, bot }) {
  const { look, found } = looking(page);
  await page.addInitScript(
    ([chosenBot, chosen]) => {
      if (location.protocol === 'about:') return;
      localStorage.setItem('kouyu.bot', chosenBot);
      localStorage.setItem('kouyu.settings', JSON.stringify(chosen));
    },
    [bot, PUSH_TO_TALK],
  );
  await page.goto(`${http}/`);
  await page.waitForSelector('.login');
  await look('login');
  await page.goto('about:blank');
  await page.goto(login);
  await page.waitForSelector('.talk-page');
  await look('talk');
  await start(page);
  await type(page, 'Good morning');
  await answered(page, 1);
  await type(page, 'How is the weather in Paris?');
  await page.waitForSelector('.bubble.tool.waiting');
  await look('conversation');
  await page.click('.bubble.agent .turn-link');
  await page.waitForSelector('.turn-view');
  await look('timeline');
  await page.click('.turn-view .segments button:nth-child(2)');
  await look('lanes');
  await page.click('.timeline .segments button:text-is("Events")');
  await page.waitForSelector('.wire li');
  await page.locator('.wire summary').first().click();
  await look('events');
  await page.click('.partners button[aria-label="Settings"]');
  await page.waitForSelector('.settings-form details');
  await page.$$eval('.settings-form details', all => all.forEach(one => (one.open = true)));
  await look('settings');
  await page.keyboard.press('Escape');
  await page.click('button[aria-label="This call as code"]');
  await page.waitForSelector('.code-dialog');
  await look('call as code');
  await page.click('.code-dialog button[aria-label="Close"]');
  await go(page, 'Bots');
  await page.waitForSelector('.rows a.row');
  await look('bots');
  await page.click('a:text-is("New bot")');
  await page.waitForSelector('.bot-form');
  await page.$$eval('.bot-form details', all => all.forEach(one => (one.open = true)));
  await look('bot');
  await go(page, 'Conversations');
  await page.click('.rows a.row');
  await page.waitForSelector('.detail .bubble');
  await look('conversations');
  await go(page, 'Voiceprints');
  await page.fill('input[aria-label="Name of the group"]', 'Readers');
  await page.click('button:text-is("New group")');
  await page.waitForSelector('input[aria-label="Name of the speaker"]');
  await look('voiceprints');
  await go(page, 'Tokens');
  await page.fill('.token-form input[name=name]', 'accessible');
  await page.click('.token-form button:text-is("Create")');
  await page.waitForSelector('.secret');
  await look('token made');
  await page.click('.secret button:text-is("Close")');
  await page.click('button[aria-label="Change accessible"]');
  await page.waitForSelector('.token form');
  await look('tokens');
  await go(page, 'Health');
  await page.waitForSelector('.tile');
  await page.waitForSelector('.live a');
  await page.waitForSelector('.bot-endpoints li');
  await page.click('.metrics summary');
  await look('health');
  await page.click('.live a');
  await page.waitForSelector('.timeline');
  await look('watched');
  return { found };
}

/** The server's other pages: its documentation of the API, and those of signing in. */
export async function others(page, { http }, { login, device, authorize }) {
  const { look, found } = looking(page);
  const shown = id => page.waitForSelector(`#${id}:not([hidden])`);
  await page.goto(`${http}/docs`);
  await look('docs');
  await page.goto(`${http}/api/permission/oauth2/authorize?client_id=nobody`);
  await look('a wrong link');
  await page.goto(device);
  await shown('login');
  await look('sign in');
  await page.fill('#pasted', login);
  await page.click('#login button');
  await shown('device');
  await look('device');
  await page.goto(authorize);
  await shown('consent');
  await look('consent');
  return { found };
}
