// A memory of everything that one of the SDK's clients said has happened.

export class Listening {
  constructor() {
    window.seen = () => `${this.names.slice(-40)}, last ${JSON.stringify(this.events.at(-1))}`;
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
