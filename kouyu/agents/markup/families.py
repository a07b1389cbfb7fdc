"""The table of model families' marks: each mark's pattern, the places where it counts, and its effect.

Forms were taken from the chat templates that ship with llama.cpp (in llama-cpp-python 0.3.36), the parsers of
vLLM 0.33.0 and SGLang 0.5.23, mlx-lm 0.32.2 and Ollama at fb30760; each family names those that know it.

Patterns are for the package ``regex``. None may match a prefix of another one's match in the same table, so that a
mark means the same however the text is cut; a look-ahead is always positive, and ``\\0`` stands for the end of an
answer.
"""

from enum import Enum
from typing import Final

import msgspec


class Does(Enum):
    """A mark's effect on the text around it."""

    VANISH = "the mark alone is left out"
    THINK = "thoughts follow, up to the closing mark"
    CALL = "tool calls follow, up to the closing mark or the end"
    END_THOUGHT = "what stood before was thought"
    CITE = "the mark is left out, with a space before it"


class Where(Enum):
    """Where a mark counts; elsewhere it is plain text."""

    ANYWHERE = "in any place outside code"
    BLOCK = "where a block begins, or glued to what follows; not within quotes"
    GLUED = "glued to what stands before, on a line of its own, or at the end"
    START = "at the start of the answer"
    WORD = "behind a word or a mark of punctuation"


class Mark(msgspec.Struct, frozen=True):
    """One mark: its pattern, and that of its closing mark ("" when only the end of the answer closes it)."""

    pattern: str
    does: Does
    where: Where = Where.ANYWHERE
    until: str = ""


class Family(msgspec.Struct, frozen=True):
    """The marks of models with the same format; ``source`` names the software that parses them."""

    models: str
    source: str
    marks: tuple[Mark, ...]


_S: Final = r"(?::[\w.-]{1,24})?"
"""A suffix that only the vocabulary tells (Hunyuan)."""
_CALL_BEGINS: Final = (
    r"(?=\s{0,40}(?:[\[{<\]]|[A-Za-z_][\w.-]{0,64}(?:[ \t]{0,4}\n|<arg_key|<tool_sep|</tool_call|\()))"
)
_CLAUSE_GOES_ON: Final = "(?=[\\s\\0.,;:!?)\\]\"'”’。，；：！？、\\[【—\\u3400-\\u9fff-])"
_TAGGED_END: Final = r"</(?:tool_calls?|function_calls?|TOOLCALL|tool_use)" + _S + r">|</think>"

FAMILIES: Final = (
    Family(
        "DeepSeek R1, Qwen3, QwQ, GLM, MiniMax M1 and M2, Nemotron, OLMo 3, SmolLM3, Step, Granite 3.3, Hunyuan",
        "vLLM, SGLang, llama.cpp, Ollama",
        (
            Mark(rf"<think{_S}>", Does.THINK, Where.BLOCK, rf"</think{_S}>"),
            Mark(rf"</think{_S}>", Does.END_THOUGHT, Where.GLUED),
        ),
    ),
    Family(
        "closed models behind compatible servers, Gemini, Hermes",
        "Open WebUI's list",
        (
            Mark("<thinking>", Does.THINK, Where.BLOCK, "</thinking>"),
            Mark("<thoughts?>", Does.THINK, Where.BLOCK, "</thoughts?>"),
            Mark("<reasoning>", Does.THINK, Where.BLOCK, "</reasoning>"),
            Mark("<scratch_?pad>", Does.THINK, Where.BLOCK, "</scratch_?pad>"),
            Mark("</(?:thinking|thoughts?|reasoning|scratch_?pad)>", Does.END_THOUGHT, Where.GLUED),
            Mark(r"<\|begin_of_thought\|>", Does.THINK, until=r"<\|end_of_thought\|>"),
            Mark(r"<\|(?:begin|end)_of_solution\|>", Does.VANISH),
            Mark("<(?:answer|response)>", Does.VANISH, Where.BLOCK),
            Mark("</(?:answer|response)>", Does.VANISH, Where.GLUED),
        ),
    ),
    Family(
        "Hermes, Qwen2.5, Qwen3, Qwen3-Coder, EXAONE 4, MiMo, GLM (XML), ERNIE, Granite, Jamba, Nemotron, OLMo 3",
        "vLLM, SGLang, llama.cpp",
        (
            Mark(
                rf"<(?:tool_calls?|function_calls?|TOOLCALL|tool_use){_S}>{_CALL_BEGINS}",
                Does.CALL,
                until=_TAGGED_END,
            ),
            Mark(rf"</(?:tool_calls?|function_calls?|TOOLCALL|tool_use){_S}>", Does.VANISH, Where.GLUED),
            Mark(r"(?=<function=[\w.-]{1,64}>)", Does.CALL, until="</function>"),
            Mark(r'(?=<function name="[\w.-]{1,64}">)', Does.CALL, until="</function>"),
            Mark(r'(?=<invoke name="[\w.-]{1,64}">)', Does.CALL, until="</invoke>"),
        ),
    ),
    Family(
        "Seed-OSS, MiniMax M2 and M3, LongCat, dots, Step-3, Muse, K2 Horizon, PLaMo 3: tags with a namespace",
        "vLLM, SGLang, llama.cpp",
        (
            Mark("<seed:think>", Does.THINK, until="</seed:think>"),
            Mark("<mm:think>", Does.THINK, until="</mm:think>"),
            Mark("<longcat_think>", Does.THINK, until="</longcat_think>"),
            Mark(r"<ifm\|think(?:_fast(?:er)?)?>", Does.THINK, until=r"</ifm\|think(?:_fast(?:er)?)?>"),
            Mark(r"</(?:seed:think|mm:think|longcat_think|ifm\|think(?:_fast(?:er)?)?)>", Does.END_THOUGHT),
            Mark(r"<\|plamo:begin_think:plamo\|>", Does.THINK, until=r"<\|plamo:end_think:plamo\|>"),
            Mark("<(?:seed|minimax|atem):(?:tool|function)_calls?>", Does.CALL, until="</[a-z]+:[a-z_]+_calls?>"),
            Mark("<(?:longcat|iquest)_tool_call>", Does.CALL, until="</[a-z]+_tool_call>"),
            Mark("(?=<(?:steptml|minimax|atem):invoke name=)", Does.CALL, until="</[a-z]+:invoke>"),
            Mark("<dots_function_call>", Does.CALL, until="</dots_function_call>"),
            Mark(r"<ifm\|tool_calls?>", Does.CALL, until=r"</ifm\|tool_calls?>"),
            Mark(r"\]<\]minimax\[>\[", Does.VANISH),
        ),
    ),
    Family(
        "DeepSeek R1 to V4.1, Step-3, GigaChat: full-width bars",
        "vLLM, SGLang, llama.cpp",
        (
            Mark(r"<｜tool[▁_]calls[▁_]begin｜>", Does.CALL, until=r"<｜tool[▁_]calls[▁_]end｜>"),
            Mark(r"<｜tool[▁_]call[▁_]begin｜>", Does.CALL, until=r"<｜tool[▁_]call[▁_]end｜>"),
            Mark(r"<｜(?:DSML|GCML)｜ ?(?:\w{1,20}_)?calls>", Does.CALL, until=r"</｜(?:DSML|GCML)｜ ?(?:\w+_)?calls>"),
            Mark(
                r"</?｜(?!(?:tool[▁_]calls?[▁_]begin｜>)|(?:(?:DSML|GCML)｜ ?(?:\w{1,20}_)?calls>))[^<>\n]{1,80}>",
                Does.VANISH,
            ),
        ),
    ),
    Family(
        "Kimi K2 and K2.5; Doubao; LFM2; Cohere; InternLM; Apertus; Solar: calls between special tokens",
        "vLLM, SGLang, llama.cpp, Ollama",
        (
            Mark(r"<\|tool_calls_section_begin\|>", Does.CALL, until=r"<\|tool_calls_section_end\|>"),
            Mark(r"<\|tool_call_begin\|>", Does.CALL, until=r"<\|tool_call_end\|>"),
            Mark(r"<\|FunctionCallBegin\|>", Does.CALL, until=r"<\|FunctionCallEnd\|>"),
            Mark(r"<\|tool_call_start\|>", Does.CALL, until=r"<\|tool_call_end\|>"),
            Mark(r"<\|START_ACTION\|>", Does.CALL, until=r"<\|END_ACTION\|>"),
            Mark(r"<\|action_start\|>", Does.CALL, until=r"<\|action_end\|>"),
            Mark(r"<\|tools_prefix\|>", Does.CALL, until=r"<\|tools_suffix\|>"),
            Mark(r"<\|tool_calls\|>", Does.CALL, until=r"<\|calls\|>"),
            Mark(r"<\|START_THINKING\|>", Does.THINK, until=r"<\|END_THINKING\|>"),
            Mark(r"<\|END_THINKING\|>", Does.END_THOUGHT),
            Mark(r"<\|inner_prefix\|>", Does.THINK, until=r"<\|inner_suffix\|>"),
            Mark(r"<\|think\|>", Does.THINK, until=r"<\|end\|>"),
            Mark(r"<\|content_thinking\|>", Does.THINK, until=r"<\|end_message\|>"),
            Mark(r"<\|content_invoke_tool_json\|>", Does.CALL, until=r"<\|end_message\|>"),
        ),
    ),
    Family(
        "Llama 3 and 4, Phi-4-mini, Granite 3.0, GigaChat 3: calls that only the end closes",
        "vLLM, SGLang, llama.cpp",
        (
            Mark(r"<\|python_tag\|>", Does.CALL, until=r"<\|eom_id\|>|<\|eot_id\|>"),
            Mark(r"<\|python_start\|>", Does.CALL, until=r"<\|python_end\|>"),
            Mark(r"<\|(?:tool_call|function_call)\|>", Does.CALL),
        ),
    ),
    Family(
        "Gemma 4, FunctionGemma",
        "vLLM, SGLang, llama.cpp, Ollama, mlx-lm",
        (
            Mark(r"<\|channel>thought", Does.THINK, until=r"<channel\|>"),
            Mark(r"<\|tool_call>", Does.CALL, until=r"<tool_call\|>"),
            Mark("<start_function_call>", Does.CALL, until="<end_function_call>"),
            Mark(r"<(?:channel|turn|tool_call|tool_response)\|>", Does.VANISH),
        ),
    ),
    Family(
        "Mistral, Magistral, Devstral, Apriel; EXAONE, MiniMax M2: marks in square brackets",
        "vLLM, SGLang, llama.cpp, Ollama",
        (
            Mark(r"\[THINK\]", Does.THINK, until=r"\[/THINK\]"),
            Mark(r"\[/THINK\]", Does.END_THOUGHT),
            Mark(r"\[TOOL_CALLS\]", Does.CALL, until="</s>"),
            Mark(r"\[BEGIN FINAL RESPONSE\]", Does.END_THOUGHT),
            Mark("Here are my reasoning steps:", Does.THINK, Where.START, r"\[BEGIN FINAL RESPONSE\]"),
            Mark(r"Here(?: i|')s my thought process:", Does.THINK, Where.START, r"Here(?: i|')s my response:"),
            Mark(
                r"\[END FINAL RESPONSE\]|\[/?INST\]|\[(?:EOS|BOS|EOT)\]|\[e~\[|\]~b\](?:ai|user|system)?", Does.VANISH
            ),
            Mark(r"\[\|[a-z_]{2,30}\|\]", Does.VANISH),
        ),
    ),
    Family(
        "Kimi-VL; Qwen-Agent",
        "SGLang; qwen-agent 0.0.34",
        (
            Mark("◁think▷", Does.THINK, until="◁/think▷"),
            Mark("◁/think▷", Does.END_THOUGHT),
            Mark("✿FUNCTION✿", Does.CALL, until="✿(?:RESULT|RETURN)✿"),
            Mark("✿(?:RESULT|RETURN)✿:?", Does.VANISH),
        ),
    ),
    Family(
        "turns and ends: role marks, and what a tokenizer should have kept back",
        "llama.cpp's list of end tokens, chat templates",
        (
            Mark(r"<\|(?:begin|im_start)\|>(?:assistant|user|system|tool|ai)?(?=[^A-Za-z])", Does.VANISH),
            Mark(r"<\|start_header_id\|>[a-z]{1,12}<\|end_header_id\|>", Does.VANISH),
            Mark(r"<\|start_of_cite\|>\s{0,4}\{[^{}]{0,80}\}", Does.VANISH),
            Mark("<end_of_(?:turn|utterance|sentence)>|<SPECIAL_\\d{1,3}>|<0x[0-9A-F]{2}>|<seed:[a-z_]+>", Does.VANISH),
            Mark("<start_of_turn>(?:model|user)?(?=[^A-Za-z])", Does.VANISH),
            Mark("</s>|<(?:eos|bos|pad|sep|EOT)>", Does.VANISH, Where.GLUED),
            Mark("<s>", Does.VANISH, Where.START),
        ),
    ),
    Family(
        "citations: OpenAI assistants, gpt-oss, ChatGPT's private marks, Cohere, Granite, Kimi, Perplexity, Aliyun",
        "vLLM, chat templates; the bracketed forms from prompts of search services",
        (
            Mark(r"【\d[^】\n]{0,200}】", Does.CITE),
            Mark("\ue200[^\ue201]{0,400}\ue201", Does.CITE),
            Mark(r"</?co(?:: ?[\d:,\[\] ]{1,80})?>", Does.VANISH),
            Mark(r"\[\^\d{1,3}\^?\](?=[^:(])", Does.CITE),
            Mark(r"\[(?:citation|ref|source)[:_] ?\d{1,3}\]", Does.CITE),
            Mark(rf"\[[1-9]\d{{0,2}}(?:(?:, ?|-|–)[1-9]\d{{0,2}}){{0,7}}\]{_CLAUSE_GOES_ON}", Does.CITE, Where.WORD),
        ),
    ),
)

CHANNEL_MARK: Final = r"<\|(?:start|channel)\|>"
CHANNEL_HEADER: Final = (
    rf"(?:{CHANNEL_MARK}|\s?to=[\w.]{{1,64}}(?=<))[^<\0]{{0,80}}(?:<\|(?:channel|constrain)\|>[^<\0]{{0,80}}){{0,3}}"
    r"<\|message\|>"
)
"""gpt-oss (harmony) and Muse: who speaks to whom, up to ``<|message|>``; "to=" without a mark only where an answer
starts. vLLM, SGLang, llama.cpp, Ollama."""

CHANNEL_ENDS: Final = r"<\|(?:end|eom|call|return|eot)\|>|(?=<\|(?:start|channel)\|>)"

GLUED_CHANNELS: Final = r"analysis(?=[A-Z\u4e00-\u9fff])"
"""The same from servers that drop special tokens: the names stay, glued to the text."""
GLUED_FINAL: Final = r"assistantfinal"

SECTION: Final = r'<\|(?:open|close)\|>[a-z]+(?: [a-z]+="[^"<>\n]{0,64}"){0,3}<\|sep\|>'
"""Kimi K3: ``<|open|>think<|sep|>``, its answer between marks for ``response``. SGLang, mlx-lm."""

SPECIAL_TOKEN: Final = r"<\|(?!(?:open|close|start|channel)\|>)[A-Za-z_][\w:./-]{0,60}(?:\|>|>)"
"""Any other special token: ``<|im_end|>``, ``<|eot_id|>``, ``<|file-abc|>`` and future ones."""
