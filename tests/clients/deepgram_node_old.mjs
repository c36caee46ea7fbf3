// @deepgram/sdk, generations 3 and 4: live and files.
import { readFileSync } from "node:fs";
import { createClient, LiveTranscriptionEvents } from "@deepgram/sdk";

const [base, path] = process.argv.slice(2);
const client = createClient("any", {
  global: {
    fetch: { options: { url: base } },
    websocket: { options: { url: base.replace("http", "ws") } },
  },
});
const connection = client.listen.live({
  model: "nova-2",
  language: "en-US",
  encoding: "linear16",
  sample_rate: 16000,
  smart_format: true,
});
const finals = [];
connection.on(LiveTranscriptionEvents.Transcript, (message) => {
  if (message.is_final) finals.push(message.channel.alternatives[0].transcript);
});
connection.on(LiveTranscriptionEvents.Error, (error) => {
  console.error(error);
  process.exit(1);
});
connection.on(LiveTranscriptionEvents.Close, async () => {
  console.log("live:", finals.filter(Boolean).join(" "));
  const { result, error } = await client.listen.prerecorded.transcribeFile(readFileSync(path), {
    model: "nova-2",
    smart_format: true,
  });
  console.log("file:", error ?? result.results.channels[0].alternatives[0].transcript);
  process.exit(0);
});
connection.on(LiveTranscriptionEvents.Open, () => {
  const audio = readFileSync(path).subarray(44);
  for (let at = 0; at < audio.length; at += 3200) connection.send(audio.subarray(at, at + 3200));
  connection.finalize();
  connection.requestClose();
});
