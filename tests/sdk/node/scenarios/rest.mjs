// The SDK's REST resources.

import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';

const file = path => createReadStream(path);

// audio

export const voices = (coze, query) => coze.audio.voices.list(query);

export async function speech(coze, request) {
  const bytes = Buffer.from(await coze.audio.speech.create(request));
  return { bytes: bytes.length, start: bytes.subarray(0, 4).toString('latin1') };
}

export const transcription = (coze, { path }) => coze.audio.transcriptions.create({ file: file(path) });

export async function voiceprints(coze, { path, other }) {
  const groups = coze.audio.voiceprintGroups;
  const { id } = await groups.create({ name: 'family', desc: 'all of us' });
  await groups.update(id, { name: 'Family', desc: '' });
  const feature = await groups.features.create(id, { name: 'Ann', file: file(path) });
  await groups.features.update(id, feature.id, { name: 'Anna' });
  const listed = { groups: await groups.list({ group_id: id }), features: await groups.features.list(id, {}) };
  const scores = await groups.features.speakerIdentify(id, { file: file(other), top_k: 3 });
  await groups.features.delete(id, feature.id);
  await groups.delete(id);
  return { id, feature, listed, scores, after: await groups.list({ group_id: id }) };
}

// conversations

export async function conversations(coze, { bot_id }) {
  const created = await coze.conversations.create({
    bot_id,
    meta_data: { who: 'Ann' },
    messages: [{ role: 'user', content: 'hello', content_type: 'text' }],
  });
  const retrieved = await coze.conversations.retrieve(created.id);
  const listed = await coze.conversations.list({ bot_id, page_num: 1, page_size: 50 });
  const cleared = await coze.conversations.clear(created.id);
  return { created, retrieved, listed, cleared };
}

export async function messages(coze) {
  const { id } = await coze.conversations.create({});
  const { messages } = coze.conversations;
  const made = [];
  for (const content of ['one', 'two', 'three']) {
    made.push(await messages.create(id, { role: 'user', content, content_type: 'text' }));
  }
  const [one, two] = made;
  const updated = await messages.update(id, one.id, { content: 'ONE', content_type: 'text' });
  const deleted = await messages.delete(id, two.id);
  const listed = await messages.list(id);
  const first = await messages.list(id, { order: 'asc', limit: 1 });
  const second = await messages.list(id, { order: 'asc', limit: 1, after_id: first.last_id });
  return { made, updated, deleted, retrieved: await messages.retrieve(id, one.id), listed, first, second };
}

// chats

const asking = (bot_id, content) => ({
  bot_id,
  user_id: 'ann',
  additional_messages: [{ role: 'user', content, content_type: 'text' }],
});

async function collected(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

export const chatStream = (coze, { bot_id, question }) => collected(coze.chat.stream(asking(bot_id, question)));

export const chatAndPoll = (coze, { bot_id, question }) => coze.chat.createAndPoll(asking(bot_id, question));

export async function chatCancel(coze, { bot_id, question }) {
  const chat = await coze.chat.create(asking(bot_id, question));
  const canceled = await coze.chat.cancel(chat.conversation_id, chat.id);
  return { chat, canceled, retrieved: await coze.chat.retrieve(chat.conversation_id, chat.id) };
}

async function untilToolsAreAsked(coze, chat) {
  for (;;) {
    const now = await coze.chat.retrieve(chat.conversation_id, chat.id);
    if (now.status !== 'in_progress' && now.status !== 'created') return now;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

// The SDK's submitToolOutputs is an async generator, with and without a stream.
export async function chatTools(coze, { bot_id, output, stream }) {
  const chat = await coze.chat.create(asking(bot_id, 'What is the weather?'));
  const asked = await untilToolsAreAsked(coze, chat);
  const [call] = asked.required_action.submit_tool_outputs.tool_calls;
  const submitting = coze.chat.submitToolOutputs({
    conversation_id: chat.conversation_id,
    chat_id: chat.id,
    stream,
    tool_outputs: [{ tool_call_id: call.id, output }],
  });
  return { asked, events: await collected(submitting), after: await untilToolsAreAsked(coze, chat) };
}

export const workflowChat = (coze, { workflow_id, question }) =>
  collected(coze.workflows.chat.stream({ workflow_id, ...asking(undefined, question), parameters: {} }));

// files

export async function files(coze, { path }) {
  const uploaded = await coze.files.upload({ file: file(path) });
  return { uploaded, retrieved: await coze.files.retrieve(uploaded.id), bytes: (await readFile(path)).length };
}

// bots, workspaces, users, variables

export async function bots(coze, { name }) {
  const { workspaces } = await coze.workspaces.list({ page_num: 1, page_size: 50 });
  const space_id = workspaces[0].id;
  const { bot_id } = await coze.bots.create({
    space_id,
    name,
    description: 'teaches',
    prompt_info: { prompt: 'Be patient.' },
    onboarding_info: { prologue: 'Shall we?', suggested_questions: ['How?'] },
  });
  await coze.bots.update({ bot_id, name: `${name} again`, prompt_info: { prompt: 'Be kind.' } });
  const published = await coze.bots.publish({ bot_id, connector_ids: ['1024'] });
  return {
    bot_id,
    published,
    old: await coze.bots.retrieve({ bot_id }),
    now: await coze.bots.retrieveNew(bot_id),
    oldList: await coze.bots.list({ space_id, page_index: 1, page_size: 20 }),
    list: await coze.bots.listNew({ workspace_id: space_id, page_num: 1, page_size: 50 }),
  };
}

export const workspaces = coze => coze.workspaces.list({ page_num: 1, page_size: 50 });

export const me = coze => coze.users.me();

export async function variables(coze, { bot_id }) {
  const of = { bot_id, connector_uid: 'ann' };
  await coze.variables.update({ ...of, data: [{ keyword: 'mood', value: 'glad' }] });
  return coze.variables.retrieve({ ...of, keywords: ['mood'] });
}

// What an error looks like to the SDK's user.
export async function refused(coze, { call, given }, client) {
  const whose = given?.token ? client(given) : coze;
  const target = call.split('.').reduce((value, name) => value[name].bind?.(value) ?? value[name], whose);
  try {
    await target(...(given?.arguments ?? []));
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, code: error.code, text: error.message, logid: error.logid };
  }
  return 'not refused';
}
