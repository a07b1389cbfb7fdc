import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks a bot the question in a WAV file, prints both, and writes the spoken answer to reply.wav. It needs Java 17 alone: run it with
 * {@code java Talk.java question.wav}. A larger program takes coze-java (docs/sdks.md), or at least a library for JSON.
 */
public class Talk implements WebSocket.Listener {
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private final ByteArrayOutputStream audio = new ByteArrayOutputStream();
    private final StringBuilder message = new StringBuilder();
    private final byte[] question;

    Talk(byte[] question) {
        this.question = question;
    }

    public static void main(String[] arguments) throws Exception {
        String url = System.getenv().getOrDefault("KOUYU_URL", "http://127.0.0.1:8080").replaceFirst("http", "ws");
        Talk talk = new Talk(Files.readAllBytes(Path.of(arguments[0])));
        WebSocket socket = HttpClient.newHttpClient().newWebSocketBuilder()
                .header("Authorization", "Bearer " + System.getenv("KOUYU_TOKEN"))
                .buildAsync(URI.create(url + "/v1/chat?bot_id=kouyu"), talk)
                .join();
        String how = talk.ended.join();
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        Files.write(Path.of("reply.wav"), wav(talk.audio.toByteArray(), 24_000));
        System.out.println();
        System.exit(how.endsWith("completed") ? 0 : 1);
    }

    /** A message may come in several parts. */
    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean isLast) {
        message.append(part);
        if (isLast) {
            take(socket, message.toString());
            message.setLength(0);
        }
        socket.request(1);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        ended.completeExceptionally(error);
    }

    private void take(WebSocket socket, String event) {
        String type = field(event, "event_type");
        switch (type) {
            case "chat.created" -> {
                // Default of input_audio: a whole WAV file. The next message may be sent once the one before has left.
                String delta = Base64.getEncoder().encodeToString(question);
                socket.sendText("{\"id\":\"1\",\"event_type\":\"input_audio_buffer.append\",\"data\":{\"delta\":\"" + delta + "\"}}", true)
                        .thenCompose(sent -> sent.sendText("{\"id\":\"2\",\"event_type\":\"input_audio_buffer.complete\"}", true));
            }
            case "conversation.audio_transcript.completed" -> System.out.println("You: " + field(event, "content"));
            case "conversation.message.delta" -> System.out.print(field(event, "content"));
            case "conversation.audio.delta" -> audio.writeBytes(Base64.getDecoder().decode(field(event, "content")));
            case "error", "conversation.chat.failed" -> {
                System.err.println(field(event, "msg"));
                ended.complete(type);
            }
            case "conversation.chat.completed" -> ended.complete(type);
            default -> { }
        }
    }

    /** The first text of this name in compact JSON, with its escapes; enough for these events. */
    private static String field(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\"((?:[^\"\\\\]|\\\\.)*+)\"").matcher(json);
        return found.find() ? found.group(1) : "";
    }

    /** 16 bit, mono. */
    private static byte[] wav(byte[] pcm, int rate) {
        ByteBuffer file = ByteBuffer.allocate(44 + pcm.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes()).putInt(36 + pcm.length).put("WAVEfmt ".getBytes()).putInt(16).putShort((short) 1).putShort((short) 1);
        file.putInt(rate).putInt(rate * 2).putShort((short) 2).putShort((short) 16).put("data".getBytes()).putInt(pcm.length);
        return file.put(pcm).array();
    }
}
