// websockets.chat

import { Listening, sendFile } from './listening.mjs';

const COMPLETED = 'conversation.chat.completed';

async function open(coze, request) {
  const listening = new Listening(await coze.websockets.chat.create(request));
  await listening.until('chat.created');
  return listening;
}

function account(chat) {
  chat.socket.close();
  return { types: chat.types, events: chat.events.filter(e => !e.event_type.endsWith('delta')), audioBytes: chat.audioBytes() };
}

export async function typedQuestion(coze, { question, ...request }) {
  const chat = await open(coze, request);
  chat.write(question);
  await chat.until([COMPLETED, 'conversation.chat.failed']);
  return { ...account(chat), text: chat.said('conversation.message.delta').join('') };
}

export async function pushToTalk(coze, { bot_id, file, pieceBytes }) {
  const chat = await open(coze, { bot_id });
  await sendFile(chat, file, pieceBytes);
  chat.send('input_audio_buffer.complete');
  await chat.until(COMPLETED);
  return account(chat);
}

export async function update(coze, { bot_id, data }) {
  const chat = await open(coze, { bot_id });
  chat.send('chat.update', data);
  const { data: effective } = await chat.until(['chat.updated', 'error']);
  chat.socket.close();
  return effective;
}

export async function interrupt(coze, { bot_id }) {
  const chat = await open(coze, { bot_id });
  chat.write('talk without end');
  await chat.until('conversation.audio.delta');
  chat.send('conversation.chat.cancel');
  const canceled = await chat.until('conversation.chat.canceled');
  const before = chat.events.length;
  chat.write('and now');
  await chat.until(COMPLETED, chat.types.filter(type => type === COMPLETED).length + 1);
  return { canceled: canceled.data, after: chat.types.slice(before), ...account(chat) };
}

export async function tool(coze, { bot_id, output }) {
  const chat = await open(coze, { bot_id });
  chat.write('What is the weather?');
  const { data } = await chat.until('conversation.chat.requires_action');
  const [call] = data.required_action.submit_tool_outputs.tool_calls;
  chat.send('conversation.chat.submit_tool_outputs', {
    chat_id: data.id,
    tool_outputs: [{ tool_call_id: call.id, output }],
  });
  await chat.until(COMPLETED);
  return { call, ...account(chat) };
}

export async function housekeeping(coze, { bot_id }) {
  const chat = await open(coze, { bot_id });
  chat.send('conversation.chat.cancel');
  chat.send('input_audio_buffer.clear');
  await chat.until('input_audio_buffer.cleared');
  chat.send('input_audio_buffer.complete');
  await chat.until('input_audio_buffer.completed');
  chat.send('conversation.clear');
  await chat.until('conversation.cleared');
  chat.send('an.event.of.tomorrow', { a: 1 });
  chat.send('input_text.generate_audio', { mode: 'text', text: 'Hello.' });
  await chat.until('conversation.audio.completed');
  return account(chat);
}

export async function wrongToken(_, { bot_id }, client) {
  const chat = new Listening(await client({ token: 'wrong+/=' }).websockets.chat.create({ bot_id }, { maxRetries: 0 }));
  const error = await chat.until('error');
  chat.socket.close();
  return error;
}

// Whatever ends the connection, the SDK connects again by itself and sends what it is given meanwhile.
export async function reconnect(coze, { bot_id, question }) {
  const options = { minReconnectionDelay: 50, maxReconnectionDelay: 100 };
  const chat = new Listening(await coze.websockets.chat.create({ bot_id }, options));
  await chat.until('chat.created');
  chat.socket.reconnect();
  chat.write(question);
  await chat.until('chat.created', 2);
  await chat.until(COMPLETED);
  return { ...account(chat), text: chat.said('conversation.message.delta').join('') };
}

// The line is cut in the middle, and the SDK dials again by itself; it sends no update a second time.
export async function dropped(coze, { bot_id, update, question }) {
  const options = { minReconnectionDelay: 50, maxReconnectionDelay: 100 };
  const chat = new Listening(await coze.websockets.chat.create({ bot_id }, options));
  await chat.until('chat.created');
  chat.send('chat.update', update);
  const { data: before } = await chat.until('chat.updated');
  chat.socket.rws._ws.terminate();
  await chat.until('chat.created', 2);
  chat.write(question);
  const { data: chat_created } = await chat.until('conversation.chat.created');
  await chat.until(COMPLETED);
  chat.send('chat.update', {});
  const { data: after } = await chat.until('chat.updated', 2);
  return { ...account(chat), before, after, conversation: chat_created.conversation_id };
}
