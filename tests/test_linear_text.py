"""Work on text grows with the text and no faster: with the square of it, one message could hold the event loop."""

from collections.abc import Callable

import pytest

from kouyu.agents.chat_completion import FunctionPiece, ToolCallAssembly, ToolCallPiece, decode_chunk
from kouyu.agents.event_stream import EventDecoder
from kouyu.agents.markup.filter import MarkupFilter
from kouyu.agents.streamed_answer import StreamedAnswer
from kouyu.conversation.capabilities import Capabilities
from kouyu.conversation.configuration_state import ConfigurationState
from kouyu.conversation.effects import Speak
from kouyu.conversation.heard import heard_text
from kouyu.conversation.identity import Identity
from kouyu.conversation.inputs import ReplyDelta, ReplyFinished, SpeechAudio, SpeechFinished
from kouyu.conversation.limits import Limits
from kouyu.conversation.opening_lines import OpeningLines
from kouyu.conversation.order_numbers import OrderNumbers
from kouyu.conversation.output_slot import OutputSlot
from kouyu.conversation.question import Question
from kouyu.conversation.reply_factory import ReplyFactory
from kouyu.conversation.spoken_item import SpokenSentence
from kouyu.domain.configuration import Configuration, OutputAudio
from kouyu.domain.ids import IdFactory
from kouyu.engines.tts.clauses import speech_pieces
from kouyu.protocol.coze.misspelt import misspelt_fields
from kouyu.text.fillers import without_fillers
from kouyu.text.markdown import plain_text
from kouyu.text.sensitive_words import SensitiveWords
from kouyu.text.sentences import SentenceSplitter
from kouyu.text.written_form import words_for_numbers, written_form
from tests.counted_work import assert_grows_with_the_text

Work = Callable[[], object]


def text_of(unit: str, size: int) -> str:
    return (unit * size)[:size]


@pytest.mark.parametrize("unit", ["word ", "Go. ", "字", "?”", "```a"])
def test_a_long_text_is_cut_into_sentences(unit: str) -> None:
    def work_on(size: int) -> Work:
        text = text_of(unit, size)

        def cut() -> None:
            splitter = SentenceSplitter()
            splitter.write(text)
            splitter.end()
            for _ in splitter:
                pass

        return cut

    assert_grows_with_the_text(work_on, 3_000)


@pytest.mark.parametrize("unit", ["?”", "```a"])
def test_a_text_of_many_deltas_is_cut_into_sentences(unit: str) -> None:
    def work_on(size: int) -> Work:
        text = text_of(unit, size)

        def cut() -> None:
            splitter = SentenceSplitter()
            for delta in text:
                splitter.write(delta)
                for _ in splitter:
                    pass

        return cut

    assert_grows_with_the_text(work_on, 1_200)


TRANSCRIPTS: dict[str, Callable[[str], object]] = {
    "sensitive words": SensitiveWords(signed=("word", "字"), removed=("go",)).blotted_out,
    "fillers": lambda text: without_fillers(text, "en"),
    "Mandarin fillers": lambda text: without_fillers(text, "zh"),
    "figures": lambda text: written_form(text, "en"),
    "words": lambda text: words_for_numbers(text, "en"),
    "Markdown": plain_text,
    "speech pieces": lambda text: speech_pieces(text, first=3.0),
    "misspelt": lambda text: misspelt_fields(
        Configuration, {f"{text[at : at + 4]}{at}": 1 for at in range(0, len(text), 4)}
    ),
}


@pytest.mark.parametrize("unit", ["word ", "um, ", "go 5 ", "字", "*a* ", ", "])
@pytest.mark.parametrize("work", TRANSCRIPTS)
def test_a_transcript_or_a_sentence_is_worked_on(work: str, unit: str) -> None:
    def work_on(size: int) -> Work:
        text = text_of(unit, size)
        return lambda: TRANSCRIPTS[work](text)

    assert_grows_with_the_text(work_on, 1_500)


def test_an_answer_of_many_thoughts_is_put_together() -> None:
    def work_on(size: int) -> Work:
        chunks = [decode_chunk(b'{"choices":[{"delta":{"reasoning_content":"A thought. ","content":"So. "}}]}')] * size

        def put_together() -> None:
            answer = StreamedAnswer(MarkupFilter())
            for chunk in chunks:
                answer.take(chunk)
                answer.thoughts()

        return put_together

    assert_grows_with_the_text(work_on, 1_000)


@pytest.mark.parametrize("is_found", [True, False])
def test_what_was_heard_of_many_sentences(is_found: bool) -> None:
    def work_on(size: int) -> Work:
        said = [SpokenSentence("Word.", started=True, sent_ms=1.0, made_ms=1.0) for _ in range(size // 6)]
        answer = " ".join(("Word." if is_found else "Ward.") for _ in said)
        return lambda: heard_text(answer, said, heard_ms=size)

    assert_grows_with_the_text(work_on, 12_000)


@pytest.mark.parametrize("unit", ["<", "<think>a</think>", "[0"])
def test_markup_is_taken_out_of_an_answer(unit: str) -> None:
    def work_on(size: int) -> Work:
        text = text_of(unit, size)

        def take_out() -> None:
            markup = MarkupFilter()
            markup.feed(text)
            markup.finish()
            markup.thoughts()

        return take_out

    assert_grows_with_the_text(work_on, 1_200)


def test_one_event_of_many_pieces_is_put_together() -> None:
    def work_on(size: int) -> Work:
        def decode() -> None:
            decoder = EventDecoder()
            decoder.feed(b"data: ")
            for _ in range(size):
                decoder.feed(b"word word word word ")
            assert decoder.finish() != []

        return decode

    assert_grows_with_the_text(work_on, 3_000)


def test_one_call_of_many_pieces_is_put_together() -> None:
    piece = ToolCallPiece(index=0, id="1", function=FunctionPiece(name="f", arguments="word word word word "))

    def work_on(size: int) -> Work:
        def put_together() -> None:
            calls = ToolCallAssembly()
            for _ in range(size):
                calls.add([piece])
            assert len(calls.calls()) == 1

        return put_together

    assert_grows_with_the_text(work_on, 3_000)


def test_an_answer_of_many_deltas_is_shown_and_spoken() -> None:
    def work_on(size: int) -> Work:
        def answer() -> None:
            identity = Identity(ids=IdFactory(), bot_id="1", epoch=0.0)
            capabilities = Capabilities(voice_ids=("joe",), default_voice_id="joe")
            replies = ReplyFactory(
                identity=identity,
                configuration=ConfigurationState(capabilities, identity),
                orders=OrderNumbers(),
                limits=Limits(),
                opening_lines=OpeningLines(),
            )
            reply = replies(Question(content="Hm?"), 0.0)
            speaking = OutputSlot()
            speaking.begin(reply, OutputAudio())
            for effects in (reply.start(0.0), reply.commit(0.0)):
                list(effects)
            for _ in range(size):
                list(reply.on_report(ReplyDelta(1, "A word. "), 0.0))
                for effect in speaking.advance(0.0):
                    if isinstance(effect, Speak):
                        reply.on_speech(SpeechAudio(effect.order, b"packet", 1.0), 0.0)
                        reply.on_speech(SpeechFinished(effect.order), 0.0)
            list(reply.on_report(ReplyFinished(1, 1, 1), 0.0))

        return answer

    assert_grows_with_the_text(work_on, 250)
