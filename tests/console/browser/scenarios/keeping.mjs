import { PUSH_TO_TALK, answered, bubbles, openPage, start, type } from '../talk_page.mjs';

const go = (page, name) => page.click(`nav a:has-text("${name}")`);

/** A conversation found again: read, heard, gone on with, deleted. */
export async function conversation(page, where, { bot, holdMs }) {
  page.on('dialog', dialog => dialog.accept());
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await page.hover('.talk-button.hold');
  await page.mouse.down();
  await page.waitForTimeout(holdMs);
  await page.mouse.up();
  await answered(page, 1);
  await page.click('button[aria-label="Hang up"]');
  await go(page, 'Conversations');
  await page.click('.rows a.row:has-text("France")');
  await page.waitForSelector('.detail .bubble');
  const opened = await bubbles(page);
  await page.click('.detail .bubble.user .tag');
  await page.waitForFunction(() => document.querySelector('audio')?.duration > 0);
  const seconds = await page.$eval('audio', audio => audio.duration);
  await page.click('button:has-text("Go on with it")');
  await start(page);
  await type(page, 'And then?');
  await answered(page, 1);
  await page.click('button[aria-label="Hang up"]');
  await go(page, 'Conversations');
  const before = await page.waitForSelector('.rows li').then(() => page.locator('.rows li').count());
  await page.click('.rows a.row');
  await page.waitForFunction(() => document.querySelectorAll('.detail .bubble').length === 4);
  await page.locator('.rows button[aria-label="Delete"]').first().click();
  await page.waitForFunction(count => document.querySelectorAll('.rows li').length === count - 1, before);
  return { opened, seconds };
}

/** A speaker enrolled by speaking, and known again. */
export async function voiceprint(page, where, { recordMs }) {
  page.on('dialog', dialog => dialog.accept());
  await openPage(page, where);
  await go(page, 'Voiceprints');
  await page.fill('input[aria-label="Name of the group"]', 'Family');
  await page.click('button:text-is("New group")');
  await page.fill('input[aria-label="Name of the speaker"]', 'Joe');
  await page.click('.card button:has-text("Record")');
  await page.waitForTimeout(recordMs);
  await page.click('.card button:has-text("Stop")');
  await page.waitForSelector('.detail .rows .title');
  const speaker = await page.textContent('.detail .rows .title');
  await page.click('button:has-text("Who is speaking?")');
  await page.waitForTimeout(recordMs);
  await page.click('button:has-text("Stop")');
  await page.waitForSelector('.score');
  const score = await page.textContent('.score');
  await page.locator('.rows button[aria-label="Delete"]').first().click();
  await page.waitForFunction(() => !document.querySelector('.detail .rows'));
  return { speaker, score };
}

/** What the page says about the server while one talks. */
export async function health(page, where, { bot }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await go(page, 'Health');
  await page.waitForSelector('.tile');
  await page.waitForSelector('.live a');
  return {
    tiles: await page.$$eval('.tile', all => Object.fromEntries(all.map(tile => [...tile.children].slice(0, 2).map(part => part.textContent)))),
    engines: await page.textContent('.health > .panel:last-child table'),
    live: await page.textContent('.live'),
  };
}
