#!/bin/sh
# Files through a livestt server, with curl alone.
#
#     sh curl.sh talk.mp3
#
# The server's address is in LIVESTT, by default http://127.0.0.1:8000; its key, if it asks for one,
# in LIVESTT_API_KEY.
set -eu
file=${1:?"sh curl.sh FILE"}
[ -r "$file" ] || { echo "There is no file $file." >&2; exit 1; }
server=${LIVESTT:-http://127.0.0.1:8000}
key=${LIVESTT_API_KEY:-}
ask() { curl --silent --show-error --fail-with-body ${key:+-H "Authorization: Bearer $key"} "$@"; }

echo "The text:"
ask "$server/asr" -F "audio_file=@$file"

echo "Subtitles, as OpenAI's API gives them:"
ask "$server/v1/audio/transcriptions" -F "file=@$file" -F model=whisper-1 -F response_format=srt

echo "The text as it is heard, as server-sent events:"
ask --no-buffer "$server/v1/audio/transcriptions" -F "file=@$file" -F model=whisper-1 -F stream=true

echo "The language:"
ask "$server/detect-language" -F "audio_file=@$file"
echo

echo "Words and their times:"
ask "$server/asr?output=json" -F "audio_file=@$file"
echo
