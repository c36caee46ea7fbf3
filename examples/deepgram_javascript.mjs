// Live captions of an audio file with Deepgram's JavaScript SDK, against livestt.
//
//     npm install @deepgram/sdk
//     node examples/deepgram_javascript.mjs speech.wav [http://localhost:8000]
//
// Any container will do (WAV, WebM, Ogg, MP3, FLAC, MP4): the server tells by content.
import { createReadStream, existsSync } from "node:fs";
import { DeepgramClient } from "@deepgram/sdk";

const [path, server = "http://localhost:8000"] = process.argv.slice(2);
if (!path || !existsSync(path)) fail(path ? `There is no file ${path}.` : "node deepgram_javascript.mjs FILE");

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const socket = server.replace("http", "ws");
const client = new DeepgramClient({
  apiKey: process.env.LIVESTT_API_KEY ?? "none",
  environment: { base: server, production: socket, agent: socket, agentRest: server },
});

const connection = await client.listen.v1.connect({
  model: "nova-3",
  interim_results: "true",
  smart_format: "true",
  reconnectAttempts: 0,
});
connection.on("error", (error) => fail(`${server}: ${error.message}`));
connection.connect();
await connection.waitForOpen();

async function speak() {
  for await (const piece of createReadStream(path, { highWaterMark: 3200 })) {
    connection.sendMedia(piece);
    await new Promise((next) => setTimeout(next, 50));
  }
  connection.sendCloseStream({ type: "CloseStream" });
}

const speaking = speak();
for await (const message of connection) {
  if (message.type !== "Results") continue;
  const text = message.channel.alternatives[0].transcript;
  if (text) process.stdout.write(`\r\x1b[K${text}${message.is_final ? "\n" : ""}`);
}
await speaking;
