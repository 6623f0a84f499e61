// Counts to three, a line at a time: status and headers go out with the first.
import { setTimeout } from "node:timers/promises";

export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers: { "content-type": "text/plain; charset=utf-8" } });
  for (let count = 1; count <= 3; count += 1) {
    stream.write(`${count}\n`);
    await setTimeout(500);
  }
  stream.end();
});
