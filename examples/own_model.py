"""A language model of one's own behind a bot: a server with OpenAI's `/chat/completions`, which the bot `parrot` of
examples/kouyu.toml asks. A real one calls a model where this one turns the question round. Needs Python alone."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Model(BaseHTTPRequestHandler):
    def do_GET(self):  # /v1/models: `kouyu serve --check` asks for it
        self.reply("application/json", json.dumps({"object": "list", "data": [{"id": "parrot"}]}))

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        question = asked["messages"][-1]["content"]
        words = ["You", " said: ", *[f"{word} " for word in question.split()]]
        deltas = [{"content": word} for word in words]
        chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        self.reply("text/event-stream", "".join(lines) + "data: [DONE]\n\n")  # a real one sends each as it is made

    def reply(self, kind, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8099), Model).serve_forever()
