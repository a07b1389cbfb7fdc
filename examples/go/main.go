// Asks a bot the question in a WAV file, prints both, and writes the spoken answer to reply.wav.
//
//	go mod init talk && go get github.com/coze-dev/coze-go && go run . question.wav
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"os"

	"github.com/coze-dev/coze-go"
)

type handler struct {
	coze.BaseWebSocketChatHandler
	audio []byte
}

func (h *handler) OnConversationAudioTranscriptCompleted(_ context.Context, _ *coze.WebSocketChat, event *coze.WebSocketConversationAudioTranscriptCompletedEvent) error {
	fmt.Println("You:", event.Data.Content)
	return nil
}

func (h *handler) OnConversationMessageDelta(_ context.Context, _ *coze.WebSocketChat, event *coze.WebSocketConversationMessageDeltaEvent) error {
	fmt.Print(event.Data.Content)
	return nil
}

func (h *handler) OnConversationAudioDelta(_ context.Context, _ *coze.WebSocketChat, event *coze.WebSocketConversationAudioDeltaEvent) error {
	h.audio = append(h.audio, event.Data.Content...)
	return nil
}

// Without this one, coze-go drops what the server says is wrong.
func (h *handler) OnError(_ context.Context, _ *coze.WebSocketChat, event *coze.WebSocketErrorEvent) error {
	log.Println(event.Data)
	return nil
}

func main() {
	url, bot := os.Getenv("KOUYU_URL"), "kouyu"
	if url == "" {
		url = "http://127.0.0.1:8080"
	}
	question, err := os.ReadFile(os.Args[1])
	check(err)
	client := coze.NewCozeAPI(coze.NewTokenAuth(os.Getenv("KOUYU_TOKEN")), coze.WithBaseURL(url))
	chat := client.WebSockets.Chat.Create(context.Background(), &coze.CreateWebsocketChatReq{BotID: &bot})
	said := &handler{}
	chat.RegisterHandler(said)
	check(chat.Connect())
	defer chat.Close()
	check(chat.InputAudioBufferAppend(&coze.WebSocketInputAudioBufferAppendEventData{Delta: question}))
	check(chat.InputAudioBufferComplete(nil))
	// Wait returns when one of these has come, once for each kind of event on a connection.
	check(chat.Wait(coze.WebSocketEventTypeConversationChatCompleted, coze.WebSocketEventTypeConversationChatFailed, coze.WebSocketEventTypeError))
	check(os.WriteFile("reply.wav", wav(said.audio, 24_000), 0o644))
}

// 16 bit, mono.
func wav(pcm []byte, rate uint32) []byte {
	file := bytes.NewBufferString("RIFF")
	write := func(values ...any) {
		for _, value := range values {
			_ = binary.Write(file, binary.LittleEndian, value)
		}
	}
	write(uint32(36+len(pcm)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), rate, rate*2, uint16(2), uint16(16), []byte("data"), uint32(len(pcm)), pcm)
	return file.Bytes()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
