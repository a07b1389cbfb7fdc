"""What models write, and what of it is for the user: (as written, said, thought, called).

Forms of the families in ``kouyu/agents/markup/families.py``. Offered are get_time(city) and turn_light(room, on).
"""

Called = list[tuple[str, dict[str, object]]]
OSLO: Called = [("get_time", {"city": "Oslo"})]
TIMES: Called = [("get_time", {"city": "Oslo"}), ("get_time", {"city": "Rome"})]
LIGHT: Called = [("turn_light", {"room": "kitchen", "on": True})]
Row = tuple[str, str, str, Called]

THOUGHTS: list[tuple[str, str, str]] = [
    ("<think>plan</think>Hello there.", "Hello there.", "plan"),
    ("<think>\nplan\n</think>\n\nHello there.", "Hello there.", "\nplan\n"),
    ("<think>\n\n</think>\n\nHello there.", "Hello there.", "\n\n"),
    ("</think>Hello there.", "Hello there.", ""),
    ("</mm:think>Hello there.", "Hello there.", ""),
    ("<think>a</think>Hello there.\n<think>b</think>\nBye.", "Hello there.\nBye.", "ab"),
    ("<think>I write <think> twice</think>Hello there.", "Hello there.", "I write <think> twice"),
    ("<think>plan and plan", "", "plan and plan"),
    ("One moment. <think>plan</think>Hello there.", "One moment. Hello there.", "plan"),
    ("Well <think>so</think> then.", "Well then.", "so"),
    ("<thinking>plan</thinking>Hello there.", "Hello there.", "plan"),
    ("<thought>\nplan\n</thought>\nHello there.", "Hello there.", "\nplan\n"),
    ("<reasoning>plan</reasoning>Hello there.", "Hello there.", "plan"),
    ("<scratch_pad>plan</scratch_pad>Hello there.", "Hello there.", "plan"),
    ("<|begin_of_thought|>plan<|end_of_thought|>Hello there.", "Hello there.", "plan"),
    ("[THINK]plan[/THINK]Hello there.", "Hello there.", "plan"),
    ("◁think▷plan◁/think▷Hello there.", "Hello there.", "plan"),
    ("<|channel>thought\nplan<channel|>Hello there.<turn|>", "Hello there.", "\nplan"),
    ("<|channel>thought\n<channel|>Hello there.", "Hello there.", "\n"),
    ("<think>\nplan\n</think>\n<answer>\nHello there.\n</answer>", "Hello there.", "\nplan\n"),
    ("<think>\nplan\n</think>\n\n<response>\nHello there.\n</response>\n", "Hello there.", "\nplan\n"),
    ("<think:opensource>plan</think:opensource>Hello there.<｜hy_eos:opensource｜>", "Hello there.", "plan"),
    ("<longcat_think>plan</longcat_think>Hello there.", "Hello there.", "plan"),
    ("<ifm|think_fast>plan</ifm|think_fast>Hello there.", "Hello there.", "plan"),
    ("<|inner_prefix|>plan<|inner_suffix|>Hello there.", "Hello there.", "plan"),
    ("<|think|>plan<|end|><|begin|>assistant<|content|>Hello there.<|end|>", "Hello there.", "plan"),
    (
        "<seed:think>plan<seed:cot_budget_reflect>used 5</seed:cot_budget_reflect></seed:think>Hello there.",
        "Hello there.",
        "plan<seed:cot_budget_reflect>used 5</seed:cot_budget_reflect>",
    ),
    (
        "<|open|>think<|sep|>plan<|close|>think<|sep|><|open|>response<|sep|>Hello there.<|close|>response<|sep|>"
        "<|close|>message<|sep|><|end_of_msg|>",
        "Hello there.",
        "plan",
    ),
    (
        "<|START_THINKING|>plan<|END_THINKING|><|START_RESPONSE|>Hello <co>there</co: 0:[1,2],1:[0]>.<|END_RESPONSE|>",
        "Hello there.",
        "plan",
    ),
    (
        "to=self<|message|>plan<|eom|><|start|>assistant to=user<|message|>Hello there.<|eot|>",
        "Hello there.",
        "plan",
    ),
    (
        "<|message_model|><|content_thinking|>plan<|end_message|><|message_model|><|content_text|>Hello there."
        "<|end_message|>",
        "Hello there.",
        "plan",
    ),
    (
        "<|channel|>analysis<|message|>plan<|end|><|start|>assistant<|channel|>final<|message|>Hello there.<|return|>",
        "Hello there.",
        "plan",
    ),
    ("analysisWe greet the user.assistantfinalHello there.", "Hello there.", "We greet the user."),
    ("Here is my thought process: plan Here is my response: Hello there.", "Hello there.", " plan "),
]

BEGUN_INSIDE: list[tuple[str, str, str]] = [
    ("plan\n</think>\n\nHello there.", "Hello there.", "plan\n"),
    ("plan</think>Hello there.", "Hello there.", "plan"),
    ("I should greet the user.\n</thought>\nHello there.", "Hello there.", "I should greet the user.\n"),
    ("steps\n[BEGIN FINAL RESPONSE]\nHello there.", "Hello there.", "steps\n"),
    ("Hello there, nothing was thought.", "Hello there, nothing was thought.", ""),
    ("Hello, that is [1].", "Hello, that is [1].", ""),
    ("Hello there [1].", "Hello there.", ""),
]

CALLS: list[tuple[str, str, list[tuple[str, dict[str, object]]]]] = [
    ('<tool_call>\n{"name": "get_time", "arguments": {"city": "Oslo"}}\n</tool_call>', "", OSLO),
    (
        "Let me look.\n<tool_call>\n<function=get_time>\n<parameter=city>\nOslo\n</parameter>\n</function>\n"
        "</tool_call>",
        "Let me look.",
        OSLO,
    ),
    (
        "<tool_call>\n<function=turn_light>\n<parameter=room>\nkitchen\n</parameter>\n<parameter=on>\nTrue\n"
        "</parameter>\n</function>\n</tool_call>",
        "",
        LIGHT,
    ),
    ("<tool_call>get_time<arg_key>city</arg_key><arg_value>Oslo</arg_value></tool_call>", "", OSLO),
    (
        "<tool_calls:S>\n<tool_call:S>get_time<tool_sep:S>\n<arg_key:S>city</arg_key:S>\n<arg_value:S>Oslo"
        "</arg_value:S>\n</tool_call:S></tool_calls:S>",
        "",
        OSLO,
    ),
    ('<TOOLCALL>[{"name": "get_time", "arguments": {"city": "Oslo"}}]</TOOLCALL>', "", OSLO),
    ('<function_calls>\nget_time(city="Oslo")\nget_time(city="Rome")\n</function_calls>', "", TIMES),
    ('<function=get_time>{"city": "Oslo"}</function>', "", OSLO),
    ('<function name="get_time"><param name="city">Oslo</param></function>', "", OSLO),
    (
        '<|FunctionCallBegin|>[{"name": "get_time", "parameters": {"city": "Oslo"}}]<|FunctionCallEnd|>',
        "",
        OSLO,
    ),
    (
        '<|action_start|> <|plugin|>\n{"name": "get_time", "parameters": {"city": "Oslo"}}<|action_end|>',
        "",
        OSLO,
    ),
    ('✿FUNCTION✿: get_time\n✿ARGS✿: {"city": "Oslo"}\n✿RETURN✿', "", OSLO),
    (
        "<|channel|>analysis<|message|>plan<|end|><|start|>assistant<|channel|>commentary to=functions.get_time "
        '<|constrain|>json<|message|>{"city":"Oslo"}<|call|>',
        "",
        OSLO,
    ),
    (
        '<|start|>assistant to=functions.get_time<|channel|>commentary json<|message|>{"city":"Oslo"}<|call|>',
        "",
        OSLO,
    ),
    (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_time:0<|tool_call_argument_begin|>"
        '{"city": "Oslo"}<|tool_call_end|><|tool_call_begin|>'
        'functions.get_time:1<|tool_call_argument_begin|>{"city": "Rome"}'
        "<|tool_call_end|><|tool_calls_section_end|>",
        "",
        TIMES,
    ),
    (
        '<|open|>tools<|sep|><|open|>call tool="turn_light" index="1"<|sep|><|open|>argument key="room" type="string"'
        '<|sep|>kitchen<|close|>argument<|sep|><|open|>argument key="on" type="boolean"<|sep|>true<|close|>argument'
        "<|sep|><|close|>call<|sep|><|close|>tools<|sep|>",
        "",
        LIGHT,
    ),
    (
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{"city": "Oslo"}<｜tool▁call▁end｜>'
        "<｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
        "",
        OSLO,
    ),
    (
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n{"city": "Oslo"}\n```'
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "",
        OSLO,
    ),
    (
        'Hello there.\n\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name="get_time">\n<｜DSML｜parameter name="city" '
        'string="true">Oslo</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>',
        "Hello there.",
        OSLO,
    ),
    (
        'Hello there.\n<minimax:tool_call>\n<invoke name="get_time">\n<parameter name="city">Oslo</parameter>\n'
        "</invoke>\n</minimax:tool_call>",
        "Hello there.",
        OSLO,
    ),
    (
        ']<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="get_time">]<]minimax[>[<city>Oslo]<]minimax[>[</city>'
        "]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>",
        "",
        OSLO,
    ),
    (
        "<seed:tool_call>\n<function=get_time>\n<parameter=city>Oslo</parameter>\n</function>\n</seed:tool_call>",
        "",
        OSLO,
    ),
    ('<longcat_tool_call>{"name": "get_time", "arguments": {"city": "Oslo"}}</longcat_tool_call>', "", OSLO),
    ('<|tool_call>call:get_time{city:<|"|>Oslo<|"|>}<tool_call|>', "", OSLO),
    ("<start_function_call>call:get_time{city:<escape>Oslo<escape>}<end_function_call>", "", OSLO),
    ('Hello there.[TOOL_CALLS]get_time[ARGS]{"city": "Oslo"}', "Hello there.", OSLO),
    ('[TOOL_CALLS]get_time[CALL_ID]abc123[ARGS]{"city": "Oslo"}', "", OSLO),
    ('[TOOL_CALLS][{"name": "get_time", "arguments": {"city": "Oslo"}, "id": "x"}]</s>', "", OSLO),
    ('<|tool_call_start|>[get_time(city="Oslo")]<|tool_call_end|>Hello there.', "Hello there.", OSLO),
    ('<|tools_prefix|>[{"get_time": {"city": "Oslo"}}]<|tools_suffix|>', "", OSLO),
    (
        '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "get_time", "parameters": {"city": "Oslo"}}]'
        "<|END_ACTION|>",
        "",
        OSLO,
    ),
    ('<|python_tag|>get_time.call(city="Oslo")', "", OSLO),
    ('<|python_tag|>{"name": "get_time", "parameters": {"city": "Oslo"}}<|eom_id|>', "", OSLO),
    ('<|tool_call|> [{"name": "get_time", "arguments": {"city": "Oslo"}}]', "", OSLO),
    ('{"name": "get_time", "parameters": {"city": "Oslo"}}', "", OSLO),
    ('[get_time(city="Oslo"), get_time(city="Rome")]', "", TIMES),
    ('```json\n{\n  "name": "get_time",\n  "arguments": {\n    "city": "Oslo"\n  }\n}\n```', "", OSLO),
    ('{{"name": "turn_light", "arguments": {"room": "kitchen", "on": true}}}', "", LIGHT),
    ('functools[{"name": "get_time", "arguments": {"city": "Oslo"}}]', "", OSLO),
    ('One moment.\n{"name": "get_time", "arguments": {"city": "Oslo"}}', "One moment.", OSLO),
    (
        '{"name": "get_time", "arguments": {"city": "Oslo"}}.json\n\n```json\n'
        '{"name": "get_time", "arguments": {"city": "Oslo"}}\n```',
        "",
        OSLO,
    ),
    ('<think>The time.\n<tool_call>\n{"name": "get_time", "arguments": {"city": "Oslo"}}\n</tool_call>', "", OSLO),
    ('<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>', "", []),
    ('<tool_call>\n{"name": "get_ti', "", []),
    ("<|tool_call_start|>no call at all<|tool_call_end|>Hello there.", "Hello there.", []),
    ('{"name": "joke", "arguments": {"joke": "Why did the tomato blush?"}}', "Why did the tomato blush?", []),
]

TOKENS_AND_CITATIONS: list[tuple[str, str]] = [
    ("Hello there.<|im_end|>\n<|endoftext|>", "Hello there."),
    ("Hello there.<|eot_id|>", "Hello there."),
    ("Hello there.</s>", "Hello there."),
    ("<s>Hello there.</s>", "Hello there."),
    ("Hello there.<end_of_turn>", "Hello there."),
    ("Hello there.<eos>", "Hello there."),
    ("Hello there.[e~[", "Hello there."),
    ("Hello there.[|endofturn|]", "Hello there."),
    ("<|im_start|>assistant\nHello there.", "Hello there."),
    ("<|start_header_id|>assistant<|end_header_id|>\n\nHello there.", "Hello there."),
    ("<|START_TEXT|>Hello there.<|END_TEXT|>", "Hello there."),
    ("Hello <|start_of_cite|> {document_id: 1}there<|end_of_cite|>.", "Hello there."),
    ("Hello there.\ue200cite\ue202turn0search1\ue202turn0search2\ue201 Bye.", "Hello there. Bye."),
    ("Hello there.【4:0†notes.txt】", "Hello there."),
    ("Hello【1†L3-L7】 there.", "Hello there."),
    ("As shown 【1†source】, it works.", "As shown, it works."),
    ("Hello there [1][2].", "Hello there."),
    ("Hello there.[1, 2] Bye.", "Hello there. Bye."),
    ("Hello there[^1^].", "Hello there."),
    ("Hello there [^1].", "Hello there."),
    ("Hello there[citation:3].", "Hello there."),
    ("Hello there[ref_2].", "Hello there."),
    ("巴黎[1]是首都[2][3]。", "巴黎是首都。"),
]

ORDINARY: list[str] = [
    "Write <b>bold</b> for bold, and use a < b or a > b.",
    "<b> makes bold text.",
    "Models open with the <think> tag and close with </think>. Now you know.",
    "Write `<think>` first, `</think>` last.",
    "A <tool_call> tag opens a call.",
    "A List<String> holds words; vector<int> holds numbers.",
    "{1, 2, 3} is a set.",
    '{"age": 3} is a JSON object.',
    '{"name": "Bob", "age": 3} is one too.',
    "[laughs] Hello there. [Bob] Hi!",
    "analysis is the first step.",
    "Use <| in F sharp, or a <|> b in Haskell.",
    "Two is smaller than three: 2 < 3, and x <",
    "I love you <3",
    "[1] is an array index.",
    "In code, a[0] is the first and a[1] the second.",
    "The interval [1, 2] is closed; the answer is [1].",
    "Use `a[1]` please. Then ```py\nx[1] <think>\n``` and so on.",
    "I use <s>old</s> new.",
    "The <eos> token ends a text.",
    "Use <response> tags and </response> tags.",
    "get_time(city) is a function.",
    "See [the page](https://example.org) and [1](https://example.org).",
    "中文【注】保留，「<think>」也是。",
    "An apostrophe ` alone\nand text [laughs].",
]
