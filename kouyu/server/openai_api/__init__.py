"""OpenAI's REST API below ``/openai/v1``: its shapes, translated to kouyu's bots, voices and recogniser."""
