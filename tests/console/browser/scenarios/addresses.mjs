import { PUSH_TO_TALK, answered, bubbles, openPage, start, type } from '../talk_page.mjs';

const go = (page, name) => page.click(`nav a:has-text("${name}")`);
const fragment = page => new URL(page.url()).hash;
const conversationsOf = ({ received }) =>
  received.filter(event => event.event_type === 'conversation.chat.created').map(({ data }) => data.conversation_id);

/** Every view by its address: opened anew, and left by Back. */
export async function views(page, where) {
  const { http } = where;
  await openPage(page, where);
  const seen = {};
  for (const name of ['Bots', 'Conversations', 'Voiceprints', 'Tokens', 'Health']) {
    await go(page, name);
    const address = fragment(page);
    await page.reload();
    await page.waitForSelector(`nav a[aria-current=page]:has-text("${name}")`);
    seen[name] = { address, title: await page.title() };
  }
  await page.goBack();
  const before = await page.textContent('nav a[aria-current=page]');
  await page.goto(`${http}/#/nowhere/%zz`);
  await page.click('nav a:has-text("Health")');
  await page.keyboard.press('Tab');
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  return { seen, before, afterSkip: fragment(page), focused: await page.evaluate(() => document.activeElement.id) };
}

/** A conversation and a turn in it: their addresses while one talks, in the list, and for somebody who gets the link. */
export async function conversation(page, where, { bot }, sockets) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'First');
  await answered(page, 1);
  const talk = fragment(page);
  await page.click('.bubble.agent .turn-link');
  const turn = fragment(page);
  await page.goBack();
  const afterBack = fragment(page);
  await go(page, 'Conversations');
  await page.click('.rows a.row:has-text("First")');
  const stored = fragment(page);
  await page.click('.detail .bubble.agent a.hint');
  const named = await page.locator('.detail .bubble.named').count();
  await go(page, 'Talk');
  const stillThere = (await bubbles(page)).map(({ text }) => text);

  const link = page.url().replace(talk, turn);
  await page.goto(link);
  await page.reload();
  await page.waitForSelector('.bubble.agent');
  const restored = (await bubbles(page)).map(({ text }) => text);
  const timeline = await page.textContent('.timeline');
  await start(page);
  await type(page, 'Second');
  await page.waitForFunction(() => [...document.querySelectorAll('.bubble.agent')].some(one => one.textContent.includes('Second')));
  await page.click('.partners .icon');
  await page.click('.drawer footer button:text-is("New conversation")');
  await page.keyboard.press('Escape');
  const anew = { address: fragment(page), bubbles: await page.locator('.bubbles .bubble').count() };
  await page.goBack();
  await page.waitForFunction(() => document.querySelectorAll('.bubble.agent').length === 2);
  return { talk, turn, afterBack, stored, named, stillThere, restored, timeline, anew, again: fragment(page), conversations: conversationsOf(sockets) };
}
