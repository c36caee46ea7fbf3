// The OpenAI Node SDK's Realtime classes. They force TLS, so the server has to have it.

import { readFileSync } from "node:fs";

import OpenAI from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const [base, path] = process.argv.slice(2);
const client = new OpenAI({ apiKey: "any", baseURL: `${base}/v1`, dangerouslyAllowBrowser: true });
const words = "conversation.item.input_audio_transcription";
const format = { type: "audio/pcm", rate: 16000 };
const header = 44;
const audio = Buffer.concat([readFileSync(path).subarray(header), Buffer.alloc(32000)]);

function talk(realtime) {
  return new Promise((resolve, reject) => {
    realtime.on("error", reject);
    realtime.on("session.created", () => {
      realtime.send({
        type: "session.update",
        session: {
          type: "transcription",
          audio: { input: { format, transcription: { model: "gpt-4o-transcribe", language: "en" } } },
        },
      });
      for (let start = 0; start < audio.length; start += 3200) {
        const piece = audio.subarray(start, start + 3200).toString("base64");
        realtime.send({ type: "input_audio_buffer.append", audio: piece });
      }
    });
    realtime.on(`${words}.completed`, (event) => {
      realtime.close();
      resolve(event.transcript);
    });
  });
}

console.log("live:", await talk(new OpenAIRealtimeWS({ model: "gpt-4o-transcribe" }, client)));
console.log(
  "browser:",
  await talk(new OpenAIRealtimeWebSocket({ model: "gpt-4o-transcribe" }, client)),
);
