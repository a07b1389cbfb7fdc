"""Help texts for each field of ``chat.update``, in English and Chinese. Paths are those of the protocol."""

from collections.abc import Mapping
from typing import Final

import msgspec


class Help(msgspec.Struct, frozen=True):
    """A field's purpose; ``applies``: by path of another field, the values with which this field has an effect."""

    en: str
    zh: str
    applies: Mapping[str, tuple[str, ...]] = {}


_When = Mapping[str, tuple[str, ...]]

_FREE_TALK: Final[_When] = {"turn_detection.type": ("server_vad", "semantic_vad")}
_SEMANTIC: Final[_When] = {"turn_detection.type": ("semantic_vad",)}
_WHOLE: Final[_When] = {"asr_config.stream_mode": ("output_no_stream",)}
_PCM: Final[_When] = {"output_audio.codec": ("pcm", "g711a", "g711u")}
_OPUS: Final[_When] = {"output_audio.codec": ("opus",)}
_MP3: Final[_When] = {"output_audio.codec": ("mp3",)}
_PROLOGUE: Final[_When] = {"need_play_prologue": ("true",)}
_PERIOD: Final = "Length of a period.", "一个周期的时长。"
_PACKETS: Final = "Packets sent in a period, at most.", "一个周期内最多发送的音频包数。"
_PACING: Final = "Pacing: not more than so many packets in a period.", "限流：每个周期内最多发送若干个音频包。"

HELP: Final[dict[str, Help]] = {
    "": Help("The configuration of one connection.", "一次连接的配置。"),
    "chat_config": Help("User and conversation, and parameters of the agent.", "会话归属与传给智能体的内容。"),
    "chat_config.meta_data": Help("Custom fields, returned with the chat's messages.", "自定义字段，随消息原样返回。"),
    "chat_config.custom_variables": Help("Values for the variables of the agent's prompt.", "智能体提示词中变量的值。"),
    "chat_config.extra_params": Help("Where the user is, in degrees.", "用户所在位置（经纬度，单位为度）。"),
    "chat_config.user_id": Help("Id of the user, chosen by you.", "对话用户，由调用方定义的 ID。"),
    "chat_config.conversation_id": Help(
        "The conversation to continue; empty: a new one.", "要继续的会话；不填则新建会话。"
    ),
    "chat_config.auto_save_history": Help(
        "Save messages, also as context of later ones. Off: none is saved.",
        "是否保存对话记录并作为后续上下文；关闭则完全不保存。",
    ),
    "chat_config.parameters": Help("Input parameters of the flow.", "对话流的输入参数。"),
    "input_audio": Help("The audio that the client sends.", "客户端上行音频的格式。"),
    "input_audio.format": Help("Container of the audio; g711 needs pcm.", "音频封装格式；g711 编码时须为 pcm。"),
    "input_audio.codec": Help("Encoding of the audio.", "音频编码。"),
    "input_audio.sample_rate": Help("Sample rate in Hz; with g711 always 8000.", "采样率；g711 固定为 8000。"),
    "input_audio.channel": Help("One channel or two.", "声道数。"),
    "input_audio.bit_depth": Help("Bits of one PCM sample.", "PCM 每个采样的位深。"),
    "output_audio": Help("Format of the audio sent to the client, and the voice.", "下行音频的格式与音色。"),
    "output_audio.codec": Help("Encoding of the audio.", "音频编码。"),
    "output_audio.pcm_config": Help("For pcm and g711.", "pcm 与 g711 的设置。", _PCM),
    "output_audio.pcm_config.sample_rate": Help("Sample rate in Hz; g711: 8000.", "采样率；g711 固定为 8000。", _PCM),
    "output_audio.pcm_config.frame_size_ms": Help(
        "Length of each packet; none leaves it to the server.", "每个音频包的时长；不填由服务端决定。", _PCM
    ),
    "output_audio.pcm_config.limit_config": Help(*_PACING, _PCM),
    "output_audio.pcm_config.limit_config.period": Help(*_PERIOD, _PCM),
    "output_audio.pcm_config.limit_config.max_frame_num": Help(*_PACKETS, _PCM),
    "output_audio.opus_config": Help("For opus.", "opus 的设置。", _OPUS),
    "output_audio.opus_config.sample_rate": Help("Sample rate in Hz.", "采样率。", _OPUS),
    "output_audio.opus_config.bitrate": Help("Bit rate in bit/s.", "码率。", _OPUS),
    "output_audio.opus_config.use_cbr": Help("Constant bit rate (CBR).", "是否使用恒定码率（CBR）。", _OPUS),
    "output_audio.opus_config.frame_size_ms": Help("Length of each packet.", "每帧时长。", _OPUS),
    "output_audio.opus_config.limit_config": Help(*_PACING, _OPUS),
    "output_audio.opus_config.limit_config.period": Help(*_PERIOD, _OPUS),
    "output_audio.opus_config.limit_config.max_frame_num": Help(*_PACKETS, _OPUS),
    "output_audio.mp3_config": Help("For mp3.", "mp3 的设置。", _MP3),
    "output_audio.mp3_config.sample_rate": Help("Sample rate in Hz.", "采样率。", _MP3),
    "output_audio.mp3_config.bit_rate": Help("Bit rate in bit/s.", "码率。", _MP3),
    "output_audio.speech_rate": Help(
        "How fast the voice speaks: -50 is half, 100 double.", "语速：-50 为一半，100 为两倍。"
    ),
    "output_audio.loudness_rate": Help(
        "How loud the voice is: -50 is half, 100 double.", "音量：-50 为一半，100 为两倍。"
    ),
    "output_audio.voice_id": Help("The voice; without one the agent's.", "音色；不填则用智能体的音色。"),
    "output_audio.context_texts": Help(
        "Instructions on how to speak (mood, dialect, speed), for voices that support them.",
        "对说话方式的描述（情绪、方言、语速等），仅部分音色支持。",
    ),
    "output_audio.emotion_config": Help("For voices that support emotions.", "多情感音色的设置。"),
    "output_audio.emotion_config.emotion": Help("Emotion of the voice.", "情感。"),
    "output_audio.emotion_config.emotion_scale": Help("Intensity of the emotion.", "情感强度。"),
    "voice_processing_config": Help("Noise suppression and voiceprint denoising.", "对用户音频的降噪处理。"),
    "voice_processing_config.enable_ans": Help(
        "Suppress noise: keyboards, fans, the street. Not together with enable_pdns.",
        "主动降噪：过滤键盘、空调、街道等噪声；不可与声纹降噪同时开启。",
    ),
    "voice_processing_config.enable_pdns": Help(
        "Keep only one speaker's voice. Not together with enable_ans.",
        "声纹降噪：只保留一个人的声音；不可与主动降噪同时开启。",
    ),
    "voice_processing_config.voice_print_feature_id": Help(
        "The enrolled voiceprint of that speaker; without one it is taken from the first speech.",
        "该说话人已注册的声纹；不填则从开头的语音中提取。",
        {"voice_processing_config.enable_pdns": ("true",)},
    ),
    "event_subscriptions": Help("Events to be sent; none chosen: all of them.", "订阅的下行事件；不选为全部。"),
    "need_play_prologue": Help("The agent speaks first.", "是否播放开场白。"),
    "prologue_content": Help("What it says then; empty: its own.", "开场白内容；不填则用智能体的。", _PROLOGUE),
    "turn_detection": Help("Who decides when the user's turn starts and ends.", "由谁判断用户何时开始与结束说话。"),
    "turn_detection.type": Help(
        "client_interrupt: push to talk. server_vad: free talk, silence ends the turn. semantic_vad: free talk, the"
        " meaning too.",
        "client_interrupt：按键说话；server_vad：自由对话，静音即结束；semantic_vad：自由对话，并结合语义判断。",
    ),
    "turn_detection.prefix_padding_ms": Help(
        "Audio included from before speech was detected.", "检测到语音之前一并包含的音频时长。", _FREE_TALK
    ),
    "turn_detection.silence_duration_ms": Help(
        "Silence that ends the turn.", "判定说话结束的静音时长。", {"turn_detection.type": ("server_vad",)}
    ),
    "turn_detection.semantic_vad_config": Help("End of turn by meaning.", "语义判停的设置。", _SEMANTIC),
    "turn_detection.semantic_vad_config.silence_threshold_ms": Help(
        "Silence after which the server estimates whether the user has finished.", "触发语义判断的静音时长。", _SEMANTIC
    ),
    "turn_detection.semantic_vad_config.semantic_unfinished_wait_time_ms": Help(
        "Silence that ends the turn even if it was estimated unfinished.",
        "判定未说完时，仍结束本轮的静音时长。",
        _SEMANTIC,
    ),
    "turn_detection.interrupt_config": Help(
        "Which speech interrupts the agent; none: any.", "哪些语音可以打断回复；不填则任何语音都可以。", _FREE_TALK
    ),
    "turn_detection.interrupt_config.mode": Help(
        "Speech that contains a keyword, or that starts with one.", "包含关键词，或以关键词开头。", _FREE_TALK
    ),
    "turn_detection.interrupt_config.keywords": Help(
        "At most 5, each 2 to 8 Chinese characters or 6 to 24 letters, without punctuation.",
        "最多 5 个，每个 2 至 8 个汉字（6 至 24 字节），不含标点。",
        _FREE_TALK,
    ),
    "asr_config": Help("How the user's speech is recognised.", "语音识别的设置。"),
    "asr_config.hot_words": Help("Words to be recognised better.", "热词：提高识别准确率的词语。"),
    "asr_config.context": Help("Context of the conversation, to help recognition.", "帮助识别的上下文。"),
    "asr_config.user_language": Help(
        "Language of the user; common: identified from the speech.", "用户语种；common 为自动识别。", _WHOLE
    ),
    "asr_config.enable_ddc": Help("Leave out fillers such as um.", "去除语气词（如“啊”“嗯”）。"),
    "asr_config.enable_itn": Help("Write numbers, times and amounts in digits.", "数字、时间、金额转为书面形式。"),
    "asr_config.enable_punc": Help("Write punctuation.", "添加标点。"),
    "asr_config.stream_mode": Help(
        "bidirectional_stream: text while the user speaks. output_no_stream: after the utterance, more accurate.",
        "bidirectional_stream：边说边出结果；output_no_stream：说完后一次返回，更准确。",
    ),
    "asr_config.enable_nostream": Help(
        "Text while the user speaks, and the whole recognised again at its end.", "二遍识别：实时返回，句末再整句识别。"
    ),
    "asr_config.enable_emotion": Help("Recognise how the user feels.", "识别用户情绪。", _WHOLE),
    "asr_config.enable_gender": Help("Recognise the user's gender.", "识别用户性别。", _WHOLE),
    "asr_config.sensitive_words_filter": Help("Words removed or masked in the transcript.", "转写文本的敏感词过滤。"),
    "asr_config.sensitive_words_filter.system_reserved_filter": Help(
        "The server's own list, replaced with *.", "将系统敏感词替换为 *。"
    ),
    "asr_config.sensitive_words_filter.filter_with_empty": Help("Words to leave out.", "直接删除的词。"),
    "asr_config.sensitive_words_filter.filter_with_signed": Help("Words to replace with *.", "替换为 * 的词。"),
    "voice_print_config": Help("Speaker identification.", "声纹识别的设置。"),
    "voice_print_config.group_id": Help("The voiceprint group to search.", "通话中检索的声纹组。"),
    "voice_print_config.score": Help("Lowest score of a match.", "判定匹配的最低分数。"),
    "voice_print_config.reuse_voice_info": Help(
        "Without a match in a turn, keep the last one.", "本轮未匹配时，是否沿用上一次的结果。"
    ),
}
