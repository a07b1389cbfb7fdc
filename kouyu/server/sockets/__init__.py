"""The WebSocket endpoints: routes and thin translation."""
