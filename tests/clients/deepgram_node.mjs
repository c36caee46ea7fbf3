// @deepgram/sdk, generation 5: live, files and turns.
import { createReadStream, readFileSync } from "node:fs";
import { DeepgramClient } from "@deepgram/sdk";

const [base, path] = process.argv.slice(2);
const socket = base.replace("http", "ws");
const environment = { base, production: socket, agent: socket, agentRest: base };
const client = new DeepgramClient({ apiKey: "any", environment });
const connection = await client.listen.v1.connect({
  model: "nova-3",
  language: "en",
  interim_results: "true",
  punctuate: "true",
});
connection.connect();
await connection.waitForOpen();
const audio = readFileSync(path);
for (let at = 0; at < audio.length; at += 3200) connection.sendMedia(audio.subarray(at, at + 3200));
connection.sendFinalize({ type: "Finalize" });
connection.sendCloseStream({ type: "CloseStream" });

const finals = [];
for await (const message of connection) {
  if (message.type === "Results" && message.is_final)
    finals.push(message.channel.alternatives[0].transcript);
}
console.log("live:", finals.filter(Boolean).join(" "));

const answer = await client.listen.v1.media.transcribeFile(createReadStream(path), {
  model: "nova-3",
  smart_format: true,
});
console.log("file:", answer.results.channels[0].alternatives[0].transcript);

const turns = await client.listen.v2.connect({ model: "flux-general-en" });
turns.connect();
await turns.waitForOpen();
for (let at = 0; at < audio.length; at += 2560) turns.sendMedia(audio.subarray(at, at + 2560));
turns.sendCloseStream({ type: "CloseStream" });
const ends = [];
for await (const message of turns) {
  if (message.event === "EndOfTurn") ends.push(message.transcript);
}
console.log("turns:", ends.join(" "));
process.exit(0);
