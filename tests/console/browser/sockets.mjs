/** What comes and goes on a page's WebSockets: events of the conversation, and facts about it. */
export function watchSockets(page) {
  const seen = { hosts: new Set(), received: [], sent: [], facts: [] };
  page.on('websocket', socket => {
    const { host, pathname } = new URL(socket.url());
    seen.hosts.add(host);
    const keep = (list, payload) => {
      const { data, ...event } = JSON.parse(payload);
      if (data?.delta) data.delta = '';
      if (event.event_type === 'conversation.audio.delta') data.content = '';
      list.push({ ...event, data });
    };
    if (pathname === '/v1/chat') {
      socket.on('framereceived', ({ payload }) => keep(seen.received, payload));
      socket.on('framesent', ({ payload }) => keep(seen.sent, payload));
    } else {
      socket.on('framereceived', ({ payload }) => seen.facts.push(JSON.parse(payload).fact));
    }
  });
  return seen;
}
