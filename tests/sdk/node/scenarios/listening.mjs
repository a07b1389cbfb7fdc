// A socket of the SDK with a memory.

import { randomUUID } from 'node:crypto';

export class Listening {
  constructor(socket) {
    globalThis.seen = () => `${this.types.slice(-40)}, last ${JSON.stringify(this.events.at(-1))}`;
    this.socket = socket;
    this.events = [];
    this.waiting = new Set();
    socket.onmessage = event => this.keep(event);
    socket.onerror = event => this.keep(event);
  }

  keep(event) {
    this.events.push(event);
    for (const wake of [...this.waiting]) wake();
  }

  // The count-th event of one of these types.
  async until(types, count = 1) {
    for (;;) {
      const found = this.events.filter(event => [types].flat().includes(event.event_type));
      if (found.length >= count) return found[count - 1];
      await new Promise(resolve => this.waiting.add(resolve));
    }
  }

  send(event_type, data) {
    this.socket.send({ id: randomUUID(), event_type, ...(data && { data }) });
  }

  write(content) {
    this.send('conversation.message.create', { role: 'user', content_type: 'text', content });
  }

  get types() {
    return this.events.map(event => event.event_type);
  }

  // What was said in events of one type, one after the other.
  said(event_type, field = 'content') {
    return this.events.filter(event => event.event_type === event_type).map(event => event.data[field]);
  }

  audioBytes(event_type = 'conversation.audio.delta', field = 'content') {
    return this.said(event_type, field).reduce((sum, delta) => sum + Buffer.from(delta, 'base64').length, 0);
  }
}

export async function sendFile(listening, path, pieceBytes = Infinity) {
  const { readFile } = await import('node:fs/promises');
  const file = await readFile(path);
  for (let start = 0; start < file.length; start += pieceBytes) {
    const delta = file.subarray(start, Math.min(start + pieceBytes, file.length)).toString('base64');
    listening.send('input_audio_buffer.append', { delta });
  }
}
