import { PUSH_TO_TALK, answered, openPage, start, type } from '../talk_page.mjs';

const field = (page, path) => page.locator('.drawer .field', { has: page.locator(`code:text-is("${path}")`) });

async function openSettings(page) {
  await page.click('.partners .icon');
  await page.waitForSelector('.settings-form details');
}

const apply = page => page.click('.drawer header .primary');
const updates = ({ received }) => received.filter(event => event.event_type === 'chat.updated').map(({ data }) => data);

async function updated(page, sockets, count) {
  while (updates(sockets).length < count) await page.waitForTimeout(50);
  return updates(sockets);
}

/** Every field of the protocol that the form shows. */
export async function fields(page, where, { folder }) {
  await openPage(page, where);
  await openSettings(page);
  await page.$$eval('.settings-form details', all => all.forEach(details => (details.open = true)));
  const groups = await page.$$eval('.settings-form summary', all => all.map(one => one.firstChild.textContent));
  if (folder) {
    await page.$$eval('.settings-form details', all => all.forEach((details, index) => (details.open = index < 2)));
    await page.screenshot({ path: `${folder}/settings.png` });
  }
  return {
    groups,
    fields: await page.$$eval('.field', all =>
      all.map(one => ({
        name: one.querySelector('label code').textContent,
        title: one.querySelector('label').firstChild.textContent,
        help: one.querySelector('.help').textContent.trim(),
        value: one.querySelector('input, select, textarea').value,
      })),
    ),
  };
}

/** Settings changed in the middle of a conversation: one that an update says, and back; one that needs a new connection. */
export async function change(page, where, { bot }, sockets) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'First');
  await answered(page, 1);
  await openSettings(page);
  await field(page, 'silence_duration_ms').locator('input').fill('900');
  await page.fill('.drawer input[type=search]', 'hot_words');
  await field(page, 'hot_words').locator('textarea').fill('kouyu\nCoze');
  await apply(page);
  await updated(page, sockets, 2);
  await openSettings(page);
  await page.fill('.drawer input[type=search]', 'hot_words');
  await field(page, 'hot_words').locator('button').click();
  await apply(page);
  const said = await updated(page, sockets, 3);
  await page.click('.segments button:text-is("Free talk")');
  await updated(page, sockets, 4);
  await page.waitForSelector('.composer .danger');
  await type(page, 'Second');
  await answered(page, 2);
  const chats = sockets.received.filter(event => event.event_type === 'conversation.chat.created');
  return { updates: updates(sockets), said: said.length, conversations: chats.map(({ data }) => data.conversation_id) };
}

/** The conversation in Opus, both ways: its codecs are loaded only then. */
export async function opus(page, where, { bot }, sockets) {
  const settings = { 'turn_detection.type': 'server_vad', 'input_audio.codec': 'opus', 'output_audio.codec': 'opus' };
  await openPage(page, where, { bot, settings });
  await start(page);
  await answered(page, 1);
  return { question: await page.textContent('.bubble.user'), updates: updates(sockets) };
}
