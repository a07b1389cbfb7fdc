import { FREE_TALK, PUSH_TO_TALK, answered, bubbles, openPage, shownTurn, start, type, watchText } from '../talk_page.mjs';

/** One question by free talk. */
export async function freeTalk(page, where, { bot }, sockets) {
  await openPage(page, where, { bot, settings: FREE_TALK });
  const interim = await watchText(page, '.bubble.user.live');
  const sounding = await watchText(page, '.sounding');
  await start(page);
  await answered(page);
  const turn = await shownTurn(page);
  const seen = { bubbles: await bubbles(page), sounding: await sounding(), turn, received: [...sockets.received] };
  // A busy server sends fewer interim transcripts: they then come with one of the next questions.
  return { ...seen, interim: await interim('what') };
}

/** A long answer, into which the microphone asks its next question. */
export async function interruptByVoice(page, where, { bot }) {
  await openPage(page, where, { bot, settings: FREE_TALK });
  await start(page);
  await page.waitForSelector('.bubble.agent.cut');
  await page.waitForFunction(() => document.querySelector('.bubble.agent.cut .turn-link'));
  const before = await bubbles(page);
  await page.waitForFunction(() => /\d/.test(document.querySelector('.bubble.agent.cut .turn-link').textContent));
  await page.click('.bubble.agent.cut .turn-link');
  return { bubbles: before, turn: await shownTurn(page) };
}

/** A long answer, and the button that stops it. */
export async function interruptByButton(page, where, { bot }, sockets) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'Tell me a story');
  await page.waitForSelector('.sounding');
  await page.click('button[aria-label="Interrupt the agent"]');
  await page.waitForSelector('.bubble.agent.cut');
  const canceled = sockets.received.find(event => event.event_type === 'conversation.chat.canceled');
  return { bubbles: await bubbles(page), canceled };
}

/** Push to talk with the mouse, then with the space bar. */
export async function pushToTalk(page, where, { bot, holdMs }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await page.hover('.talk-button.hold');
  await page.mouse.down();
  await page.waitForTimeout(holdMs);
  await page.mouse.up();
  await answered(page, 1);
  await page.focus('.bubbles');
  await page.keyboard.down('Space');
  await page.waitForTimeout(holdMs);
  await page.keyboard.up('Space');
  await answered(page, 2);
  return { bubbles: await bubbles(page), turn: await shownTurn(page) };
}

/** A typed message, another one with a file, and words put into the agent's mouth. */
export async function write(page, where, { bot, file }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  const sounding = await watchText(page, '.sounding');
  await start(page);
  await type(page, 'Good morning');
  await answered(page, 1);
  await page.setInputFiles('.text-box input[type=file]', file);
  await type(page, 'What stands in it?');
  await answered(page, 2);
  await page.fill('.text-box input[type=text]', 'Just say this.');
  await page.click('button[aria-label="Let the agent say this"]');
  await page.waitForFunction(() => [...document.querySelectorAll('.sounding')].some(mark => mark.textContent.includes('Just say this')));
  return { bubbles: await bubbles(page), sounding: await sounding() };
}

/** A tool that the agent wants run, its result typed in. */
export async function runTool(page, where, { bot, result }, sockets) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'How is the weather?');
  await page.fill('.bubble.tool textarea', result);
  const asked = await page.textContent('.bubble.tool code');
  await page.click('.bubble.tool button[type=submit]');
  await page.waitForFunction(said => document.querySelector('.bubble.agent')?.textContent.includes(said), result);
  const sent = sockets.sent.find(event => event.event_type === 'conversation.chat.submit_tool_outputs');
  return { asked, sent, bubbles: await bubbles(page) };
}

/** Keeps the WebSockets that the page opens from now on in `window.opened`. */
async function keepSockets(page) {
  await page.evaluate(() => {
    const Socket = window.WebSocket;
    window.opened = [];
    window.WebSocket = class extends Socket {
      constructor(...given) {
        super(...given);
        window.opened.push(this);
      }
    };
  });
}

/** The connection lost and found again in the middle of a conversation. */
export async function reconnect(page, where, { bot }, sockets) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await keepSockets(page);
  await start(page);
  await type(page, 'First');
  await answered(page, 1);
  await page.evaluate(() => window.opened.filter(({ url }) => url.includes('/v1/chat')).forEach(socket => socket.close()));
  await page.waitForFunction(() => document.querySelector('.state').textContent.includes('trying again'));
  await page.waitForFunction(() => document.querySelector('.state').textContent === 'Hold to talk');
  await type(page, 'Second');
  await page.waitForFunction(() => document.querySelectorAll('.bubble.agent').length === 2);
  const chats = sockets.received.filter(event => event.event_type === 'conversation.chat.created');
  return { conversations: chats.map(({ data }) => data.conversation_id) };
}

/** A tool that is asked for and not wanted any more, since one interrupts: its form; and where a form stands. */
export async function toolNotWanted(page, where, { bot, result }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'How is the weather?');
  await page.waitForSelector('.bubble.tool');
  await page.click('button[aria-label="Interrupt the agent"]');
  await page.waitForSelector('.bubble.tool.gone');
  const gone = { button: await page.textContent('.bubble.tool button'), isDisabled: await page.isDisabled('.bubble.tool textarea') };
  await type(page, 'How is the weather now?');
  await page.fill('.bubble.tool.waiting textarea', result);
  await page.click('.bubble.tool.waiting button[type=submit]');
  await page.waitForFunction(said => [...document.querySelectorAll('.bubble.agent')].some(one => one.textContent.includes(said)), result);
  return { gone, kinds: (await bubbles(page)).map(({ who }) => who) };
}

/** A server that is gone while an answer is being given, and comes back; meanwhile another view was opened. */
export async function lost(page, where, { bot }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  const context = page.context();
  await keepSockets(page);
  await start(page);
  await type(page, 'Tell me a story');
  await page.waitForSelector('.sounding');
  await context.setOffline(true);
  await page.evaluate(() => window.opened.forEach(socket => socket.close()));
  await page.waitForSelector('.bubble.agent .error');
  await page.waitForFunction(() => !document.querySelector('.turn-view .running'));
  const failure = await page.textContent('.bubble.agent .error');
  await page.click('nav a:has-text("Talk")');
  const choice = await page.$eval('.partners .choice', label => label.querySelector('select, input').tagName);
  await context.setOffline(false);
  // It dials again by itself, or, where it has given up, with the next message.
  const isOpen = () => window.opened.some(({ url, readyState }) => url.includes('/v1/chat') && readyState === 1);
  await page.waitForFunction(isOpen, undefined, { timeout: 20_000 }).catch(() => undefined);
  await type(page, 'Second');
  await page.waitForSelector('.bubble.agent:has-text("Second")');
  return { failure, choice };
}
