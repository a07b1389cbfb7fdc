import { PUSH_TO_TALK, answered, bubbles, openPage, start, type } from '../talk_page.mjs';

const fragment = page => new URL(page.url()).hash;
const row = (page, name) => page.locator('.rows a.row', { has: page.locator(`.title:text-is("${name}")`) });

/** A bot made, its model tested, its voice heard, tried, published, talked to, changed, and taken back. */
export async function made(page, where, { bot }, sockets) {
  await openPage(page, where, { bot, settings: { ...PUSH_TO_TALK, need_play_prologue: true } });
  await page.click('nav a:has-text("Bots")');
  await page.click('a:text-is("New bot")');
  await page.fill('.bot-form [name=name]', 'Pirate');
  await page.fill('.bot-form [name=prompt]', 'You are a pirate.');
  await page.fill('.bot-form [name=prologue]', 'Ahoy.');
  await page.click('.bot-form button:text-is("Test")');
  await page.waitForSelector('.model-trial:has-text("Answered after")');
  const test = await page.textContent('.model-trial');
  await page.selectOption('.bot-form [name=voice]', { index: 1 });
  const voice = await page.inputValue('.bot-form [name=voice]');
  await page.click('.bot-form button:has-text("Hear it")');
  await page.waitForFunction(() => document.querySelector('.bot-form audio')?.duration > 0.5);
  await page.fill('.try-out input', 'Where to?');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.try-out .answer');
  const answer = await page.textContent('.try-out .answer');
  const unsaved = fragment(page);
  await page.click('.bot-form button:text-is("Publish")');
  await row(page, 'Pirate').locator('.hint:text-is("published")').waitFor();
  const address = fragment(page);
  await page.click('.bot-form button:text-is("Talk to it")');
  await page.waitForSelector('.talk-page');
  const chosen = await page.$eval('.partners select', select => select.selectedOptions[0].textContent);
  await start(page);
  await page.waitForSelector('.bubble.agent:has-text("Ahoy.")');
  await type(page, 'Land?');
  await page.waitForSelector('.bubble.agent:has-text("Land?")');
  const configured = sockets.received.find(({ event_type }) => event_type === 'chat.updated').data;
  await page.click('.composer .danger');
  await page.click('nav a:has-text("Bots")');
  await row(page, 'Pirate').click();
  await page.fill('.bot-form [name=prompt]', 'You are a grim pirate.');
  await page.click('.bot-form button:text-is("Save draft")');
  await page.waitForSelector('.bot-form [role=status]:has-text("The draft is saved")');
  await page.reload();
  const prompt = await page.inputValue('.bot-form [name=prompt]');
  await page.click('.bot-form button:text-is("Unpublish")');
  await row(page, 'Pirate').locator('.hint:text-is("draft")').waitFor();
  return { test, voice, answer, unsaved, address, chosen, configured, prompt };
}

/** A bot of the settings: read, tried, copied. */
export async function settled(page, where) {
  await openPage(page, where);
  await page.click('nav a:has-text("Bots")');
  await row(page, 'Echo').click();
  await page.waitForSelector('.bot-form');
  const isFixed = await page.locator('.bot-form [name=prompt]').isDisabled();
  await page.click('.bot-form button:text-is("Make a copy")');
  await page.waitForFunction(() => document.querySelector('.bot-form [name=name]')?.value === 'Echo (copy)');
  const mayChange = await page.locator('.bot-form [name=prompt]').isEnabled();
  await page.click('.bot-form button:text-is("Save draft")');
  await row(page, 'Echo (copy)').waitFor();
  return { isFixed, mayChange, address: fragment(page), said: await page.locator('.bot-form [role=status]').allTextContents() };
}
