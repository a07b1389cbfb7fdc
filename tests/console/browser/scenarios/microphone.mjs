import { FREE_TALK, PUSH_TO_TALK, answered, openPage, start, type } from '../talk_page.mjs';

const help = async page => (await page.textContent('.microphone-help')).trim();
const state = page => page.textContent('.composer .state');

/** A microphone that is missing or refused: what the page says, and a typed message. */
export async function inTrouble(page, where, { bot, mode }) {
  await openPage(page, where, { bot, settings: mode === 'push' ? PUSH_TO_TALK : FREE_TALK });
  await start(page);
  await page.waitForSelector('.microphone-help.trouble');
  const said = { help: await help(page), state: await state(page), button: (await page.textContent('.talk-button')).trim() };
  await type(page, 'Good morning');
  await page.waitForSelector('.bubble.agent');
  return said;
}

/** A microphone whose permission is taken away while one talks, and given back. */
export async function takenAway(page, where, { bot }) {
  const context = page.context();
  await context.grantPermissions(['microphone']);
  await openPage(page, where, { bot, settings: FREE_TALK });
  await start(page);
  await page.waitForSelector('.level');
  await context.clearPermissions();
  await page.waitForSelector('.microphone-help.trouble');
  const said = { help: await help(page), state: await state(page), meters: await page.locator('.level').count() };
  await context.grantPermissions(['microphone']);
  await page.waitForSelector('.level'); // by itself: the page is told of the permission
  await answered(page, 1);
  return { ...said, helpsLater: await page.locator('.microphone-help').count() };
}

/** A microphone that is unplugged while one talks, and plugged in again; the browser's events of both are sent by hand. */
export async function unplugged(page, where, { bot }) {
  await page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async constraints => (window.opened = await open(constraints));
  });
  await openPage(page, where, { bot, settings: FREE_TALK });
  await start(page);
  await page.waitForSelector('.level');
  await page.evaluate(() => window.opened.getAudioTracks()[0].dispatchEvent(new Event('ended')));
  await page.waitForSelector('.microphone-help.trouble');
  const said = { help: await help(page), state: await state(page), meters: await page.locator('.level').count() };
  await page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event('devicechange')));
  await page.waitForSelector('.level');
  await answered(page, 1);
  return said;
}

/** The browser's question for the microphone, which nobody answers (a browser without a window cannot ask): one types. */
export async function unanswered(page, where, { bot }) {
  await page.addInitScript(() => (navigator.mediaDevices.getUserMedia = () => new Promise(() => {})));
  await openPage(page, where, { bot, settings: FREE_TALK });
  await page.click('.talk-button.start');
  const said = { help: await help(page), state: await state(page) };
  await page.click('.microphone-help button');
  await page.waitForSelector('.composer .danger');
  await type(page, 'Good morning');
  await page.waitForSelector('.bubble.agent');
  return { ...said, stateLater: await state(page), helpsLater: await page.locator('.microphone-help').count() };
}

/** A suggested question, without having pressed Start, beside the example of a turn. */
export async function typed(page, where, { bot }, sockets) {
  await page.addInitScript(() => {
    window.asked = 0;
    const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = constraints => (window.asked++, open(constraints));
  });
  await openPage(page, where, { bot, settings: FREE_TALK });
  await page.waitForSelector('.timeline .example .stage-bar');
  await page.click('.suggestions button:text-is("What is the capital of France?")');
  await answered(page, 1);
  const exampleLater = await page.locator('.example').count();
  const asked = await page.evaluate(() => window.asked);
  await page.click('.talk-button:text("Unmute")');
  await page.waitForSelector('.level');
  while (!sockets.sent.some(({ event_type }) => event_type === 'input_audio_buffer.append')) await page.waitForTimeout(50);
  return { asked, exampleLater, question: await page.textContent('.bubble.user') };
}

/** The sound check, before one talks. */
export async function soundCheck(page, where, { bot, folder }) {
  await openPage(page, where, { bot });
  await page.click('button:text-is("Sound check")');
  await page.waitForSelector('.sound-check p:text-is("The microphone hears you.")');
  if (folder) await page.screenshot({ path: `${folder}/sound-check.png` });
  const levels = await page.evaluate(async () => {
    const seen = [];
    for (let index = 0; index < 20; index++) {
      seen.push(Number(document.querySelector('.sound-check .level').getAttribute('aria-valuenow')));
      await new Promise(done => setTimeout(done, 100));
    }
    return seen;
  });
  await page.click('.sound-check button:has-text("Record")');
  await page.waitForTimeout(1000);
  await page.click('.sound-check button:has-text("Stop")');
  await page.waitForFunction(() => document.querySelector('.sound-check audio')?.duration > 0.5);
  await page.click('.sound-check button:text-is("Play")');
  await page.click('.sound-check button:text-is("Done")');
  await page.waitForSelector('.sound-check', { state: 'detached' });
  return { most: Math.max(...levels) };
}
