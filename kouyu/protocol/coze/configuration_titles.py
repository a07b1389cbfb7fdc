"""What people call each field of ``chat.update``, in English and Chinese. Paths are those of the protocol."""

from typing import Final

import msgspec


class Title(msgspec.Struct, frozen=True):
    """A field's name for a form."""

    en: str
    zh: str


_FRAME: Final = Title("Length of a packet", "每个音频包的时长")
_RATE: Final = Title("Sample rate", "采样率")
_PACING: Final = Title("Pacing", "限流")
_PERIOD: Final = Title("Period", "周期")
_PACKETS: Final = Title("Packets in a period", "周期内的音频包数")

TITLES: Final[dict[str, Title]] = {
    "": Title("Settings of the connection", "连接的设置"),
    "chat_config": Title("Conversation and user", "会话与用户"),
    "chat_config.meta_data": Title("Custom fields", "自定义字段"),
    "chat_config.custom_variables": Title("Variables of the prompt", "提示词变量"),
    "chat_config.extra_params": Title("Where the user is", "用户所在位置"),
    "chat_config.user_id": Title("User", "用户"),
    "chat_config.conversation_id": Title("Conversation to continue", "要继续的会话"),
    "chat_config.auto_save_history": Title("Save what is said", "保存对话记录"),
    "chat_config.parameters": Title("Input of the flow", "对话流的输入"),
    "input_audio": Title("Audio that is sent", "发送的音频"),
    "input_audio.format": Title("Container", "封装格式"),
    "input_audio.codec": Title("Encoding", "编码"),
    "input_audio.sample_rate": _RATE,
    "input_audio.channel": Title("Channels", "声道数"),
    "input_audio.bit_depth": Title("Bits per sample", "位深"),
    "output_audio": Title("The agent's voice and audio", "智能体的音色与音频"),
    "output_audio.codec": Title("Encoding", "编码"),
    "output_audio.pcm_config": Title("PCM and G.711", "PCM 与 G.711"),
    "output_audio.pcm_config.sample_rate": _RATE,
    "output_audio.pcm_config.frame_size_ms": _FRAME,
    "output_audio.pcm_config.limit_config": _PACING,
    "output_audio.pcm_config.limit_config.period": _PERIOD,
    "output_audio.pcm_config.limit_config.max_frame_num": _PACKETS,
    "output_audio.opus_config": Title("Opus", "Opus"),
    "output_audio.opus_config.sample_rate": _RATE,
    "output_audio.opus_config.bitrate": Title("Bit rate", "码率"),
    "output_audio.opus_config.use_cbr": Title("Constant bit rate", "恒定码率"),
    "output_audio.opus_config.frame_size_ms": _FRAME,
    "output_audio.opus_config.limit_config": _PACING,
    "output_audio.opus_config.limit_config.period": _PERIOD,
    "output_audio.opus_config.limit_config.max_frame_num": _PACKETS,
    "output_audio.mp3_config": Title("MP3", "MP3"),
    "output_audio.mp3_config.sample_rate": _RATE,
    "output_audio.mp3_config.bit_rate": Title("Bit rate", "码率"),
    "output_audio.speech_rate": Title("Speed", "语速"),
    "output_audio.loudness_rate": Title("Loudness", "音量"),
    "output_audio.voice_id": Title("Voice", "音色"),
    "output_audio.context_texts": Title("How to speak", "说话方式"),
    "output_audio.emotion_config": Title("Emotion", "情感"),
    "output_audio.emotion_config.emotion": Title("Emotion of the voice", "音色的情感"),
    "output_audio.emotion_config.emotion_scale": Title("Intensity", "强度"),
    "voice_processing_config": Title("Noise and other voices", "噪声与其他人声"),
    "voice_processing_config.enable_ans": Title("Suppress noise", "抑制噪声"),
    "voice_processing_config.enable_pdns": Title("Hear one speaker only", "只听一个人"),
    "voice_processing_config.voice_print_feature_id": Title("That speaker's voiceprint", "该说话人的声纹"),
    "event_subscriptions": Title("Events to be sent", "订阅的事件"),
    "need_play_prologue": Title("The agent speaks first", "智能体先说话"),
    "prologue_content": Title("Opening line", "开场白"),
    "turn_detection": Title("Taking turns", "轮流说话"),
    "turn_detection.type": Title("How turns are found", "判断方式"),
    "turn_detection.prefix_padding_ms": Title("Audio from before the speech", "语音之前的音频"),
    "turn_detection.silence_duration_ms": Title("Silence that ends a turn", "结束一轮的静音"),
    "turn_detection.semantic_vad_config": Title("End of a turn by meaning", "语义判停"),
    "turn_detection.semantic_vad_config.silence_threshold_ms": Title("Silence before judging", "判断前的静音"),
    "turn_detection.semantic_vad_config.semantic_unfinished_wait_time_ms": Title(
        "Silence after an unfinished sentence", "未说完时等待的静音"
    ),
    "turn_detection.interrupt_config": Title("Interrupting the agent", "打断智能体"),
    "turn_detection.interrupt_config.mode": Title("What interrupts", "打断方式"),
    "turn_detection.interrupt_config.keywords": Title("Keywords", "关键词"),
    "asr_config": Title("Speech recognition", "语音识别"),
    "asr_config.hot_words": Title("Words to expect", "热词"),
    "asr_config.context": Title("What it is about", "上下文"),
    "asr_config.user_language": Title("Language", "语种"),
    "asr_config.enable_ddc": Title("Leave out fillers", "去除语气词"),
    "asr_config.enable_itn": Title("Numbers in digits", "数字转书面形式"),
    "asr_config.enable_punc": Title("Punctuation", "标点"),
    "asr_config.stream_mode": Title("When the text comes", "何时返回文本"),
    "asr_config.enable_nostream": Title("Recognise twice", "二遍识别"),
    "asr_config.enable_emotion": Title("The user's emotion", "用户情绪"),
    "asr_config.enable_gender": Title("The user's gender", "用户性别"),
    "asr_config.sensitive_words_filter": Title("Sensitive words", "敏感词"),
    "asr_config.sensitive_words_filter.system_reserved_filter": Title("The server's own list", "系统敏感词"),
    "asr_config.sensitive_words_filter.filter_with_empty": Title("Words to leave out", "删除的词"),
    "asr_config.sensitive_words_filter.filter_with_signed": Title("Words to mask", "替换为 * 的词"),
    "voice_print_config": Title("Who is speaking", "谁在说话"),
    "voice_print_config.group_id": Title("Group of speakers", "声纹组"),
    "voice_print_config.score": Title("Lowest score of a match", "最低匹配分数"),
    "voice_print_config.reuse_voice_info": Title("Keep the last speaker", "沿用上一位说话人"),
}
