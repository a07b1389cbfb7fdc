import { PUSH_TO_TALK, answered, openPage, start, type } from '../talk_page.mjs';

const NAMELESS = () =>
  [...document.querySelectorAll('button, input, select, textarea, [role=img]')]
    .filter(one => one.checkVisibility())
    .filter(one => !(one.getAttribute('aria-label') || one.labels?.[0]?.textContent.trim() || one.textContent.trim()))
    .map(one => one.outerHTML.slice(0, 200));
/** Controls that lie over one another, or outside the window, as "this over that". */
const OVERLAPPING = () => {
  const shown = [...document.querySelectorAll('header.top a, header.top button, .partners button, .partners select, .composer button, .composer input[type=text], .panel > header button')]
    .filter(one => one.checkVisibility() && !one.closest('.skip') && !one.classList.contains('skip') && !one.classList.contains('visually-hidden'))
    .map(one => ({ name: one.getAttribute('aria-label') || one.textContent.trim(), box: one.getBoundingClientRect() }));
  const lieOver = (one, other) =>
    one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1;
  const found = shown.flatMap(({ name, box }, index) =>
    shown.slice(index + 1).filter(other => lieOver(box, other.box)).map(other => `${name} over ${other.name}`),
  );
  const outside = shown.filter(({ box }) => box.right > innerWidth + 1 || box.left < -1).map(({ name }) => `${name} outside`);
  return [...found, ...outside];
};
const TOO_WIDE = () => document.documentElement.scrollWidth > document.documentElement.clientWidth;

/** Every page and the settings, once: what has no name, what is wider than the screen, which language it speaks. */
export async function everyPage(page, where, { bot }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'Good morning');
  await answered(page, 1);
  const found = [];
  const look = async name => found.push({ name, nameless: await page.evaluate(NAMELESS), tooWide: await page.evaluate(TOO_WIDE), overlapping: await page.evaluate(OVERLAPPING) });
  await look('talk');
  await page.click('.bubble.agent .turn-link');
  await look('timeline');
  await page.locator('.timeline .close:visible').click({ timeout: 1000 }).catch(() => {});
  await page.click('.partners .icon');
  await page.waitForSelector('.settings-form details');
  await look('settings');
  await page.keyboard.press('Escape');
  for (const [index, name] of ['bots', 'conversations', 'voiceprints', 'tokens', 'health'].entries()) {
    await page.click(`nav a:nth-child(${index + 2})`);
    await page.waitForTimeout(500);
    await look(name);
  }
  return { found, language: await page.evaluate(() => document.documentElement.lang), text: await page.textContent('nav') };
}

/** Signing in by the printed link, which is then good no more, but throws nobody out who is in. */
export async function signIn(page, { http }, { login }) {
  await page.goto(login);
  await page.waitForSelector('.talk-page');
  const address = page.url();
  await page.goto('about:blank');
  const answer = page.waitForResponse(`${http}/v1/kouyu/login`);
  await page.goto(login);
  await answer;
  await page.waitForSelector('.talk-page');
  await page.click('button:text-is("Sign out")');
  await page.waitForSelector('.login');
  await page.evaluate(link => (location.href = link), login);
  await page.waitForSelector('.login .error');
  return { address, home: `${http}/`, problem: await page.textContent('.login .error') };
}

/** With the keyboard alone: to the start, and to a message. */
export async function keyboardAlone(page, where, { bot }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  const focused = () => page.evaluate(() => document.activeElement?.textContent || document.activeElement?.getAttribute('aria-label') || '');
  const seen = [];
  for (let presses = 0; presses < 40 && seen.at(-1) !== 'Start'; presses++) {
    await page.keyboard.press('Tab');
    seen.push(await focused());
  }
  await page.keyboard.press('Enter');
  await page.waitForSelector('.composer .danger');
  await page.focus('.text-box input[type=text]');
  await page.keyboard.type('Good morning');
  await page.keyboard.press('Enter');
  await answered(page, 1);
  return { seen };
}
