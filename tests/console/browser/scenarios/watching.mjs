import { PUSH_TO_TALK, answered, openPage, start, type } from '../talk_page.mjs';

const rowsOf = page =>
  page.$$eval('.wire li', all => all.map(row => ({ direction: row.className, type: row.querySelector('code').textContent, brief: row.querySelector('.brief').textContent })));

/** A device that somebody else connected, found on Health: its row, a turn of it, its events, and what is said once it has gone. */
export async function device(page, where, { folder }) {
  const shoot = async name => folder && page.screenshot({ path: `${folder}/${name}.png` });
  await openPage(page, where);
  await page.click('nav a:has-text("Health")');
  const row = page.locator('.live a', { hasText: 'echo' }).last();
  await row.waitFor();
  await page.waitForTimeout(folder ? 6000 : 0);
  await shoot('live-list');
  const listed = await row.innerText();
  await row.click();
  await page.waitForFunction(() => [...document.querySelectorAll('.turn-view .stage-list .total dd')].some(total => /\d/.test(total.textContent)));
  const reasons = await page.$$eval('.reasons li', items => items.map(item => item.textContent));
  const facts = await page.$$eval('.connection > div', rows => Object.fromEntries(rows.map(row => [...row.children].map(part => part.textContent))));
  await shoot('watched-turn');
  await page.click('.timeline .segments button:text-is("Events")');
  await page.waitForFunction(() => document.querySelectorAll('.wire li.up').length > 0 && document.querySelectorAll('.wire li.down').length > 5);
  const rows = await rowsOf(page);
  await page.locator('.wire li.down summary').last().click();
  const opened = JSON.parse(await page.locator('.wire pre').last().textContent());
  await shoot('watched-events');
  await page.click('button:text-is("Copy as a script")');
  const script = await page.textContent('.code-dialog pre');
  await shoot('replay-script');
  return { listed, reasons, facts, rows, opened, script, address: new URL(page.url()).hash };
}

/** The events of the page's own conversation, from the first on. */
export async function ownEvents(page, where, { bot, folder }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'Good morning');
  await answered(page, 1);
  await page.click('.timeline .segments button:text-is("Events")');
  await page.waitForSelector('.wire li');
  if (folder) await page.screenshot({ path: `${folder}/own-events.png` });
  await page.click('button:text-is("Copy as a script")');
  const script = await page.textContent('.code-dialog pre');
  await page.click('.code-dialog button[aria-label="Close"]');
  const all = await rowsOf(page);
  await page.uncheck('.wire-panel input[type=checkbox]');
  const withoutAudio = await rowsOf(page);
  await page.fill('.wire-panel input[type=search]', 'good morning');
  return { all, withoutAudio, script, found: await rowsOf(page) };
}

/** The programs that make the page's call: copied, one a language. */
export async function programs(page, where, { bot, settings, folder }) {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await openPage(page, where, { bot, settings });
  await page.waitForSelector('.partners select');
  await page.click('button[aria-label="This call as code"]');
  const copied = {};
  for (const language of ['Python', 'JavaScript', 'curl']) {
    await page.click(`.code-dialog .segments button:text-is("${language}")`);
    await page.click('.code-dialog button:text-is("Copy")');
    await page.waitForSelector('.code-dialog [role=status]:has-text("Copied")');
    copied[language] = await page.evaluate(() => navigator.clipboard.readText());
    if (folder) await page.screenshot({ path: `${folder}/code-${language}.png` });
  }
  return { copied };
}
