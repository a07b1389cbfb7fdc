import { PUSH_TO_TALK, answered, openPage, start, type } from '../talk_page.mjs';

const go = (page, name) => page.click(`nav a:has-text("${name}")`);

/** What each row of a token's card says. */
const factsOf = card =>
  card.locator('dl > div').evaluateAll(rows => Object.fromEntries(rows.map(row => [...row.children].map(part => part.textContent))));

/** A token created, copied, changed and revoked by an administrator, whose login this is. */
export async function tokens(page, { http }, { login }) {
  const answersTo = async secret => (await fetch(`${http}/v1/users/me`, { headers: { Authorization: `Bearer ${secret}` } })).status;
  page.on('dialog', dialog => dialog.accept());
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(login);
  await page.waitForSelector('.talk-page');
  await go(page, 'Tokens');
  await page.fill('.token-form input[name=name]', 'shop-app');
  await page.fill('.token-form input[name=owner]', 'shop');
  await page.selectOption('.token-form select[name=expires]', { label: 'in 30 days' });
  await page.uncheck('.token-form input[name=bots]');
  await page.fill('.token-form input[name=conversations]', '2');
  await page.click('.token-form button:text-is("Create")');
  const secret = await page.inputValue('.secret input');
  await page.click('.secret button:text-is("Copy")');
  await page.waitForSelector('.secret .hint:has-text("Copied")');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  await page.click('.secret button:text-is("Close")');
  await page.waitForSelector('.secret', { state: 'detached' });
  const card = page.locator('.token', { has: page.locator('h3:text-is("shop-app")') });
  const created = await factsOf(card);
  const before = await answersTo(secret);
  await page.click('button[aria-label="Change shop-app"]');
  await card.locator('input[name=conversations]').fill('');
  await card.locator('input[name=requests_a_minute]').fill('30');
  await card.locator('input[name=own_diagnostics]').check();
  await card.locator('button:text-is("Save")').click();
  await card.locator('form').waitFor({ state: 'detached' });
  await card.locator('dd:has-text("Requests a minute: 30")').waitFor();
  const changed = await factsOf(card);
  await page.click('button[aria-label="Revoke shop-app"]');
  await card.waitFor({ state: 'detached' });
  const shown = await page.content();
  return { secret, copied, created, changed, before, after: await answersTo(secret), isShownLater: shown.includes(secret) };
}

/** What the view of tokens says without the permission. */
export async function withoutPermission(page, where) {
  await openPage(page, where);
  await go(page, 'Tokens');
  await page.waitForSelector('.not-allowed');
  return { text: await page.textContent('main'), forms: await page.locator('main form').count() };
}

/** The charts after a turn: what each says to a screen reader, what is drawn, and the same as a table. */
export async function charts(page, where, { bot }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'Good morning');
  await answered(page, 1);
  await go(page, 'Health');
  // The next sample has the turn. Its latency is seen in the largest value for 15 minutes.
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.chart svg')].some(svg => /^End of turn to first audio: p50 .*, [\d.]+ m?s at most/.test(svg.getAttribute('aria-label'))),
  );
  await page.click('.metrics summary');
  return {
    labels: await page.$$eval('.chart svg', all => all.map(svg => svg.getAttribute('aria-label'))),
    drawn: await page.$$eval('.chart', all => all.map(chart => [...chart.querySelectorAll('path.line')].filter(path => path.getAttribute('d')).length)),
    table: await page.$$eval('.metrics tbody tr', all => all.map(row => [...row.children].map(cell => cell.textContent))),
  };
}
