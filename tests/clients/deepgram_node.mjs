// @deepgram/sdk, generation 5: live.
import { readFileSync } from "node:fs";
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
process.exit(0);
