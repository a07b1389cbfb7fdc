// websockets.audio: speech, transcriptions, simultInterpretation

import { Listening, sendFile } from './listening.mjs';

function account(socket, more) {
  socket.socket.close();
  return { types: socket.types, ...more };
}

export async function speech(coze, { update, pieces }) {
  const speech = new Listening(await coze.websockets.audio.speech.create({}));
  await speech.until('speech.created');
  if (update) {
    speech.send('speech.update', update);
    await speech.until('speech.updated');
  }
  for (const delta of pieces) speech.send('input_text_buffer.append', { delta });
  speech.send('input_text_buffer.complete');
  await speech.until('speech.audio.completed');
  return account(speech, { audioBytes: speech.audioBytes('speech.audio.update', 'delta') });
}

export async function transcriptions(coze, { update, file, pieceBytes }) {
  const hearing = new Listening(await coze.websockets.audio.transcriptions.create({}));
  await hearing.until('transcriptions.created');
  if (update) {
    hearing.send('transcriptions.update', update);
    await hearing.until('transcriptions.updated');
  }
  await sendFile(hearing, file, pieceBytes);
  hearing.send('input_audio_buffer.complete');
  await hearing.until('transcriptions.message.completed');
  return account(hearing, { texts: hearing.said('transcriptions.message.update') });
}

export async function interpretation(coze, { update, file, pieceBytes }) {
  const hearing = new Listening(await coze.websockets.audio.simultInterpretation.create());
  await hearing.until('simult_interpretation.created');
  hearing.send('simult_interpretation.update', update);
  await hearing.until('simult_interpretation.updated');
  await sendFile(hearing, file, pieceBytes);
  hearing.send('input_audio_buffer.complete');
  await hearing.until(['simult_interpretation.message.completed', 'error']);
  return account(hearing, {
    heard: hearing.said('simult_interpretation.transcription.delta', 'delta').join(''),
    translated: hearing.said('simult_interpretation.translation.delta', 'delta').join(''),
    audioBytes: hearing.audioBytes('simult_interpretation.audio.delta', 'delta'),
    errors: hearing.events.filter(event => event.event_type === 'error'),
  });
}
