"""A flow: an async generator that the server runs for clients that name it as `workflow_id` (docs/guides/bots.md)."""

ORDERS = {"17": "it left this morning", "18": "it waits for the post"}


async def orders(request):
    number = "".join(letter for letter in request.user_input if letter.isdigit())
    yield f"Order {number or 'without a number'}: "
    yield f"{ORDERS.get(number, 'I do not know it')}."
