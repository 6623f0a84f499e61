// Handlers that stream.
import fs from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const until = async (file) => {
  for (;;) {
    try {
      return await fs.access(file);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
};

export const page = awslambda.streamifyResponse(async (event, stream, context) => {
  stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "content-type": "text/plain" }, cookies: ["a=1"] });
  stream.write("hello ");
  stream.write(Buffer.from(context.awsRequestId.slice(0, 4)));
  stream.write({ event });
  stream.end();
});

export const raw = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType("text/event-stream");
  await pipeline(Readable.from(["a", "b", "c"]), stream);
  return "ignored";
}, { highWaterMark: 1024 });

export const gated = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("first");
  await until(event.gate);
  stream.end(() => undefined);
});

export const fails = awslambda.streamifyResponse(async (event, stream) => {
  if (event.begin) stream.write("begun");
  const error = new Error("no luck");
  error.name = "Oöps";
  throw error;
});

export const late = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("begun");
  try {
    stream.setContentType("a/b");
  } catch (error) {
    stream.write(`${error.name}: ${error.message}`);
  }
  stream.end();
});

export const breaks = awslambda.streamifyResponse(async (event, stream) => {
  const source = Readable.from((async function* () {
    yield "begun";
    throw new Error("the source broke");
  })());
  await pipeline(source, stream);
});

export const exits = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("begun", () => setTimeout(() => process.exit(3), 50));
  await new Promise(() => setInterval(() => undefined, 1000));
});

export const hangs = awslambda.streamifyResponse(async (event, stream) => {
  stream.write("begun");
  await new Promise(() => setInterval(() => undefined, 1000));
});

export const empty = awslambda.streamifyResponse(async (event, stream) => stream.end());
export const synchronous = awslambda.streamifyResponse((event, stream) => stream.end());
export const buffered = async (event) => ({ statusCode: 200, body: "whole" });
