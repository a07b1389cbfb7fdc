import { FREE_TALK, PUSH_TO_TALK, answered, openPage, start, type } from '../talk_page.mjs';

const shoot = (page, folder, name) => page.screenshot({ path: `${folder}/${name}.png` });

/** A question, a story that is interrupted, and the question that did it: the whole page, then the story's turn. */
export async function talk(page, where, { bot, folder }) {
  await openPage(page, where, { bot, settings: FREE_TALK });
  await start(page);
  await page.waitForSelector('.bubble.agent.cut');
  await answered(page, 3);
  await page.click('.turn-list li:nth-child(1) button');
  await page.waitForTimeout(300);
  await shoot(page, folder, 'talk');
  await page.click('.bubble.agent.cut .turn-link');
  await page.click('.turn-view .segments button:nth-child(2)');
  await page.mouse.move(10, 10);
  await page.waitForTimeout(300);
  await page.locator('.timeline').screenshot({ path: `${folder}/timeline.png` });
}

/** Turns compared, in the dark. */
export async function dark(page, where, { bot, folder }) {
  await openPage(page, where, { bot, settings: FREE_TALK });
  await start(page);
  await answered(page, 3);
  await page.click('.timeline header button:text-is("Compare")');
  await page.waitForTimeout(300);
  await shoot(page, folder, 'compare-dark');
  await page.click('.timeline header button:text-is("Compare")');
  await page.click('.turn-list li:nth-child(2) button');
  await page.click('.turn-view .segments button:nth-child(2)');
  await page.waitForTimeout(300);
  await shoot(page, folder, 'timeline-dark');
}

/** An answer that sounds, on a phone. */
export async function phone(page, where, { bot, folder }) {
  await openPage(page, where, { bot, settings: FREE_TALK });
  await start(page);
  await answered(page, 1);
  await page.waitForFunction(() => document.querySelectorAll('.bubble.agent').length === 2 && document.querySelector('.sounding'));
  await page.waitForTimeout(1500);
  await shoot(page, folder, 'phone');
  await page.locator('.bubble.agent .turn-link').first().click();
  await page.waitForTimeout(300);
  await shoot(page, folder, 'phone-timeline');
}

/** The page and its settings in Chinese. */
export async function chinese(page, where, { bot, folder }) {
  await openPage(page, where, { bot, settings: { ...PUSH_TO_TALK, 'asr_config.hot_words': ['口语'] } });
  await start(page);
  await type(page, '今天天气怎么样？');
  await page.waitForFunction(() => document.querySelector('.bubble.agent')?.textContent.includes('散步'));
  await page.waitForTimeout(500);
  await shoot(page, folder, 'chinese');
  await page.click('.partners .icon');
  await page.waitForSelector('.settings-form details');
  await page.waitForTimeout(300);
  await shoot(page, folder, 'settings-chinese');
}

/** What is kept, how the server is, a tool that is asked for, and the door. */
export async function others(page, where, { bot, folder }) {
  await openPage(page, where, { bot, settings: PUSH_TO_TALK });
  await start(page);
  await type(page, 'How is the weather in Paris?');
  await page.waitForSelector('.bubble.tool');
  await page.fill('.bubble.tool textarea', 'Sunny, 21 degrees.');
  await shoot(page, folder, 'tool');
  for (const [index, name] of ['bots', 'conversations', 'voiceprints', 'tokens', 'health'].entries()) {
    await page.click(`nav a:nth-child(${index + 2})`);
    await page.waitForTimeout(800);
    if (name === 'conversations' || name === 'bots') {
      await page.click('.rows a.row');
      await page.waitForTimeout(800);
    }
    await shoot(page, folder, name);
  }
  await page.click('nav a:nth-child(1)');
  await page.evaluate(() => localStorage.removeItem('kouyu.access'));
  await page.click('button:text-is("Sign out")');
  await page.waitForSelector('.login');
  await shoot(page, folder, 'login');
}
