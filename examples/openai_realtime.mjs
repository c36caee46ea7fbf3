// Live captions of a WAV file with OpenAI's JavaScript SDK over Realtime, against livestt.
//
//     livestt serve --ssl-self-signed
//     npm install openai ws
//     NODE_TLS_REJECT_UNAUTHORIZED=0 node examples/openai_realtime.mjs speech.wav [https://localhost:8000]
//
// This SDK insists on TLS. Leave NODE_TLS_REJECT_UNAUTHORIZED out where Node trusts the server's
// certificate. The file (16 bit, mono) is sent at the speed at which it was spoken.
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const [path, server = "https://localhost:8000"] = process.argv.slice(2);
if (!path || !existsSync(path)) {
  console.error(path ? `There is no file ${path}.` : "node openai_realtime.mjs FILE [SERVER]");
  process.exit(1);
}
const file = readFileSync(path);
const rate = file.readUInt32LE(24);
const samples = file.subarray(44);
const words = "conversation.item.input_audio_transcription";
const patience = 3000; // ms without news, after the end of the file, that mean that all is said

const client = new OpenAI({
  apiKey: process.env.LIVESTT_API_KEY ?? "none",
  baseURL: `${server}/v1`,
});
const realtime = new OpenAIRealtimeWS({ model: "gpt-4o-transcribe" }, client);
let spoken = false;
let last = Date.now();

realtime.on("event", () => {
  last = Date.now();
});

realtime.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});

realtime.on("session.created", () => {
  realtime.send({
    type: "session.update",
    session: {
      type: "transcription",
      audio: {
        input: {
          format: { type: "audio/pcm", rate }, // livestt takes any rate, OpenAI 24000 only
          transcription: { model: "gpt-4o-transcribe" },
          turn_detection: { type: "server_vad", silence_duration_ms: 500 },
        },
      },
    },
  });
});

realtime.on("session.updated", async () => {
  const chunk = rate / 5; // a tenth of a second, in bytes
  for (let start = 0; start < samples.length; start += chunk) {
    append(samples.subarray(start, start + chunk));
    await sleep(100);
  }
  append(Buffer.alloc(2 * rate)); // a second of silence ends the last sentence
  spoken = true;
});

// Words as soon as they are sure, a line for each utterance.
realtime.on(`${words}.delta`, (event) => process.stdout.write(event.delta));
realtime.on(`${words}.completed`, () => process.stdout.write("\n"));

setInterval(() => {
  if (spoken && Date.now() - last > patience) process.exit();
}, 100);

function append(audio) {
  realtime.send({ type: "input_audio_buffer.append", audio: audio.toString("base64") });
}
