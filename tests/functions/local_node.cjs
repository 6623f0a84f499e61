// Handlers for the tests of the local backend, as a CommonJS module. Each is one way a function may behave.

const fs = require("node:fs");

exports.echo = async (event) => event;
exports.returnsScript = async (event) => new Function(`return ${event.expression}`)();
exports.byCallback = (event, context, callback) => callback(null, { by: "callback", event });
exports.failsByCallback = (event, context, callback) => callback(new TypeError("by callback"));
exports.failsWithText = (event, context, callback) => callback("only text");
exports.byDone = (event, context) => context.done(null, "done");
exports.bySucceed = (event, context) => context.succeed("succeeded");
exports.byFail = (event, context) => context.fail(new Error("failed"));
exports.answersNothing = () => {};
exports.waitsForLoop = (event, context, callback) => {
  const seen = [];
  context.callbackWaitsForEmptyEventLoop = event.waits;
  callback(null, seen);
  setTimeout(() => seen.push("later"), 20);
};
exports.throws = (event) => {
  throw new RangeError(event.text ?? "boom");
};
exports.rejects = async () => {
  throw new RangeError("rejected");
};
exports.throwsText = async () => {
  throw "just text";
};
exports.unhandledRejection = (event) => {
  if (event.alive) return Promise.resolve("alive");
  Promise.reject(new Error("nobody listens"));
  return new Promise((resolve) => setTimeout(resolve, 60_000));
};
exports.uncaught = (event) => {
  if (event.alive) return Promise.resolve("alive");
  setTimeout(() => {
    throw new Error("out of the blue");
  }, 1);
  return new Promise((resolve) => setTimeout(resolve, 60_000));
};
exports.exits = async (event) => {
  if (event.code === undefined) return "alive";
  process.exit(event.code);
};
exports.sleeps = (event) => new Promise((resolve) => setTimeout(() => resolve("slept"), event.milliseconds ?? 0));
exports.prints = async (event) => {
  if (event.kind === "lines") for (let i = 0; i < event.bytes / 100; i++) process.stdout.write("x".repeat(99) + "\n");
  else if (event.kind === "endless") process.stdout.write("y".repeat(event.bytes));
  else fs.writeSync(1, Buffer.alloc(60_000, 0xff));
  console.log("last words");
  return "printed";
};
exports.logs = async () => {
  console.log("plain %s", "text", { a: 1 });
  console.error("two\nlines");
  console.warn("careful");
  console.debug("details");
};
exports.logsErrors = async () => {
  console.info({ order: 7 });
  console.error("lost:", new RangeError("seven"));
  console.error(new RangeError("eight"));
};
exports.context = async (event, context) => {
  const { getRemainingTimeInMillis, done, succeed, fail, logStreamName, ...rest } = context;
  const remaining = getRemainingTimeInMillis();
  return { ...rest, stream: logStreamName.length, inTime: remaining > 0 && remaining <= 10_000, trace: process.env._X_AMZN_TRACE_ID };
};
exports.large = async (event) => "x".repeat(event.size);
exports.nested = { deep: { handler: async () => "deep" } };
exports.notAFunction = 3;
