// The OpenAI JavaScript SDK: files in every format, as a stream, and errors.

import { strict as assert } from "node:assert";
import { createReadStream } from "node:fs";
import OpenAI from "openai";

const [base, path] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "any", maxRetries: 0 });

const create = (wanted = {}) =>
  client.audio.transcriptions.create({
    file: createReadStream(path),
    model: "gpt-4o-transcribe",
    language: "en",
    ...wanted,
  });

const cues = (text) =>
  text
    .replace("WEBVTT", "")
    .split("\n")
    .filter((line) => line && !line.includes("-->") && !/^\d+$/.test(line))
    .join(" ");

const plain = await create({ include: ["logprobs"], temperature: 0.2 });
assert(plain.logprobs.length > 0);
console.log("json:", plain.text);
console.log("text:", (await create({ response_format: "text" })).trim());
console.log("srt:", cues(await create({ response_format: "srt" })));
console.log("vtt:", cues(await create({ response_format: "vtt" })));

const verbose = await create({
  response_format: "verbose_json",
  timestamp_granularities: ["word", "segment"],
});
assert(verbose.duration > 1);
console.log("words:", verbose.words.map((word) => word.word).join(" "));

const diarized = await create({ response_format: "diarized_json", chunking_strategy: "auto" });
console.log("diarized:", diarized.segments.map((segment) => segment.text).join(" "));

let deltas = "";
for await (const event of await create({ stream: true })) {
  if (event.type === "transcript.text.delta") deltas += event.delta;
  else assert.equal(event.text, deltas);
}
console.log("stream:", deltas);

const models = await client.models.list();
assert.equal((await client.models.retrieve(models.data[0].id)).id, models.data[0].id);
await assert.rejects(create({ response_format: "docx" }), { status: 400, param: "response_format" });
await assert.rejects(client.models.retrieve("none"), { status: 404, code: "model_not_found" });
