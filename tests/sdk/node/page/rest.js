// REST from a page of another origin: the calls that the SDK's demo makes for its settings.

import { CozeAPI } from '@coze/api';

function client({ token, baseURL }) {
  return new CozeAPI({ token, baseURL, allowPersonalAccessTokenInBrowser: true });
}

export async function voices(where) {
  const found = [];
  for (let page_num = 1, more = true; more; page_num += 1) {
    const { has_more, voice_list } = await client(where).audio.voices.list({ page_size: 100, page_num });
    found.push(...voice_list);
    more = has_more;
  }
  return found;
}
