// The talk page, as a person uses it.

/** Opens the page with an access token, as if one had logged in before; settings are {"path": value}. */
export async function openPage(page, { http, token }, { bot, settings } = {}) {
  await page.addInitScript(
    ([access, chosenBot, chosen]) => {
      if (localStorage.getItem('kouyu.access')) return;
      localStorage.setItem('kouyu.access', access);
      if (chosenBot) localStorage.setItem('kouyu.bot', chosenBot);
      if (chosen) localStorage.setItem('kouyu.settings', JSON.stringify(chosen));
    },
    [token, bot, settings],
  );
  await page.goto(`${http}/`, { timeout: 120_000 });
  await page.waitForSelector('.talk-page');
}

export const FREE_TALK = { 'turn_detection.type': 'server_vad' };
export const PUSH_TO_TALK = { 'turn_detection.type': 'client_interrupt' };

export async function start(page) {
  await page.click('.talk-button.start');
  await page.waitForSelector('.composer .danger');
}

/** The bubbles: who, what was heard of it, what was not. */
export const bubbles = page =>
  page.$$eval('.bubbles > .bubble', found =>
    found.map(bubble => {
      const own = bubble.cloneNode(true);
      const unheard = own.querySelector('del')?.textContent ?? '';
      const who = ['user', 'agent', 'tool'].find(kind => bubble.classList.contains(kind));
      const isCut = bubble.classList.contains('cut');
      own.querySelectorAll('.who, .below, del').forEach(part => part.remove());
      return { who, text: own.textContent.trim(), unheard, isCut };
    }),
  );

/** Waits for the nth answer (from 1) to be shown with its duration, which is known once its turn is over. */
export const answered = (page, count = 1) =>
  page.waitForFunction(
    wanted => [...document.querySelectorAll('.bubble.agent .turn-link')].filter(link => /\d/.test(link.textContent)).length >= wanted,
    count,
  );

export async function type(page, text) {
  await page.fill('.text-box input[type=text]', text);
  await page.click('.text-box button[type=submit]');
}

/** Keeps all that the selector's first element shows from now on. The function given back tells it, once it holds `awaited`. */
export async function watchText(page, selector) {
  const name = `seen_${Math.random().toString(36).slice(2)}`;
  await page.evaluate(
    ([watched, key]) => {
      window[key] = [];
      setInterval(() => {
        const text = document.querySelector(watched)?.textContent;
        if (text && window[key].at(-1) !== text) window[key].push(text);
      }, 30);
    },
    [selector, name],
  );
  return async awaited => {
    if (awaited) {
      await page.waitForFunction(
        ([key, part]) => window[key].some(text => text.toLowerCase().includes(part)),
        [name, awaited],
      );
    }
    return page.evaluate(key => window[key], name);
  };
}

/** The turn that is shown, in numbers: what the page says, and the record it would export. */
export async function shownTurn(page) {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.click('.turn-view button:text-is("JSON")'),
  ]);
  const { readFile } = await import('node:fs/promises');
  const record = JSON.parse(await readFile(await download.path(), 'utf8'));
  const stages = await page.$$eval('.stage-list > div', rows =>
    Object.fromEntries(rows.map(row => [row.querySelector('dt').textContent, row.querySelector('dd').textContent])),
  );
  const reasons = await page.$$eval('.reasons li', items => items.map(item => item.textContent));
  return { record, stages, reasons };
}
