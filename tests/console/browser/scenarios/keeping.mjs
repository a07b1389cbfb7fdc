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

/** Conversations searched by words, bot and day, opened where it was said, and saved as files. */
export async function search(page, where, { bot, folder }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'The heron stands in the reeds');
  await answered(page, 1);
  await page.click('button[aria-label="Hang up"]');
  await go(page, 'Conversations');
  await page.waitForSelector('.rows li');
  await page.fill('.search-fields input[type=search]', 'HERON stands');
  await page.waitForSelector('.rows mark');
  const found = await page.$$eval('.rows li', all => all.map(row => row.querySelector('.found').textContent));
  const marked = await page.textContent('.rows mark');
  await page.click('.rows .row');
  await page.waitForSelector('.detail .bubble');
  if (folder) await page.screenshot({ path: `${folder}/search.png` });
  const files = {};
  for (const format of ['TXT', 'SRT', 'JSON']) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`.detail .segments button:text-is("${format}")`)]);
    const { readFile } = await import('node:fs/promises');
    files[download.suggestedFilename().split('.').at(-1)] = await readFile(await download.path(), 'utf8');
  }
  const address = new URL(page.url()).hash;
  await page.fill('.search-fields input[type=search]', 'no such words');
  await page.waitForSelector('[role=status]:has-text("Nothing found")');
  await page.fill('.search-fields input[type=search]', '');
  await page.selectOption('.search-fields select', bot);
  await page.fill('.search-fields input[type=date] >> nth=1', '2020-01-01');
  await page.waitForSelector('[role=status]:has-text("Nothing found")');
  return { found, marked, files, address };
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

/** What the page says about the server while one talks with a bot whose model cannot be reached. */
export async function health(page, where, { bot, folder }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'Good morning');
  await page.waitForSelector('.bubble.agent:has-text("Failed"), .notice.error');
  await go(page, 'Health');
  await page.waitForSelector('.tile');
  await page.waitForSelector('.live a');
  await page.waitForSelector('.bot-endpoints li');
  await page.waitForSelector('.failures .hint, .failures tbody tr');
  if (folder) await page.screenshot({ path: `${folder}/health.png`, fullPage: false });
  return {
    endpoints: await page.$$eval('.bot-endpoints li', all => all.map(row => row.innerText)),
    failures: await page.textContent('.failures'),
    tiles: await page.$$eval('.tile', all => Object.fromEntries(all.map(tile => [...tile.children].slice(0, 2).map(part => part.textContent)))),
    engines: await page.textContent('.health > .panel:last-child table'),
    live: await page.textContent('.live'),
  };
}

/** The processes of a server with workers, as the status has them. */
export async function processes(page, where, { processes: listed, folder }) {
  await page.route('**/v1/kouyu/status', async route => {
    const answer = await route.fetch();
    const body = await answer.json();
    body.data.processes.push(...listed); // it runs in one process, and lists none
    await route.fulfill({ response: answer, json: body });
  });
  await openPage(page, where);
  await go(page, 'Health');
  await page.waitForSelector('.processes tbody tr');
  if (folder) await page.screenshot({ path: `${folder}/processes.png`, fullPage: true });
  return { rows: await page.$$eval('.processes tbody tr', rows => rows.map(row => [...row.cells].map(cell => cell.innerText))) };
}
