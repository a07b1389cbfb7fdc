// A memory of everything that one of the SDK's clients said has happened.

import { level } from './loudspeaker.js';

export class Listening {
  constructor() {
    window.seen = () => `${this.names.filter((name, at, all) => name !== all[at - 1]).slice(-60)}, last ${JSON.stringify(this.events.at(-1))}, level ${level()}`;
    this.events = [];
    this.waiting = new Set();
  }

  keep = (name, event) => {
    this.events.push({ name, data: event?.data });
    for (const wake of [...this.waiting]) wake();
  };

  // The first event of one of these names, from the ``from``-th event on.
  async until(names, from = 0) {
    for (;;) {
      const found = this.events.slice(from).find(event => [names].flat().includes(event.name));
      if (found) return found;
      await new Promise(resolve => this.waiting.add(resolve));
    }
  }

  get names() {
    return this.events.map(event => event.name);
  }

  said(name, field = 'content') {
    return this.events.filter(event => event.name === name).map(event => event.data[field]);
  }
}
