"""What the language model answers to the questions that the apps play to a server (``kouyu/bench/questions``)."""

from tests.standins.openai_server import Answer, ReceivedRequest, Say, ToolCallScript

FACT = "Paris is the capital of France."
STORY = "Once upon a time there was a king who lived in a castle by the sea. "
SHOWN = "It is red."
FINE = "I am fine, thank you."
FORECAST = "sunny and warm"
CALL = ToolCallScript("weather", '{"city": "Paris"}')


def answer(request: ReceivedRequest) -> Answer:
    """What a picture shows; a fact; a long story; a tool's output in a sentence; a call of the tool, if the client has
    declared it."""
    last = request.messages[-1]
    if last["role"] == "tool":
        return Say(f"It is {last['content']} in Paris.")
    if "image_url" in str(last["content"]):
        return Say(SHOWN)
    question = str(last["content"]).lower()
    declared = [tool["function"]["name"] for tool in request.body.get("tools", ())]
    match question:
        case _ if "story" in question:
            return Say(*[STORY] * 12)
        case _ if "help" in question and CALL.name in declared:
            return Say(tool_calls=(CALL,))
        case _ if "capital" in question:
            return Say(FACT)
        case _:
            return Say(FINE)
