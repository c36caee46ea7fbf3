// Transcribe a file with OpenAI's JavaScript SDK and a livestt server.
//
//     npm install openai
//     node openai_javascript.mjs talk.mp3
//
// The server's address is in OPENAI_BASE_URL, by default http://127.0.0.1:8000/v1; its key, if it
// asks for one, in LIVESTT_API_KEY.

import { createReadStream, existsSync } from "node:fs";
import OpenAI from "openai";

const path = process.argv[2];
if (!path || !existsSync(path)) fail(path ? `There is no file ${path}.` : "node openai_javascript.mjs FILE");

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const client = new OpenAI({
  baseURL: process.env.OPENAI_BASE_URL ?? "http://127.0.0.1:8000/v1",
  apiKey: process.env.LIVESTT_API_KEY ?? "any",
  maxRetries: 0, // a long file takes its time; do not send it again
  timeout: 3_600_000,
});

console.log("As it is heard:");
const events = await client.audio.transcriptions
  .create({ file: createReadStream(path), model: "whisper-1", stream: true })
  .catch((error) => fail(`${client.baseURL}: ${error.message}`));
for await (const event of events) {
  if (event.type === "transcript.text.delta") process.stdout.write(event.delta);
}

console.log("\n\nAs subtitles:");
const subtitles = await client.audio.transcriptions.create({
  file: createReadStream(path),
  model: "whisper-1",
  response_format: "srt",
});
console.log(subtitles);
