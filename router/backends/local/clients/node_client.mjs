// Runtime client for Node.js functions: `node node_client.mjs path/file.handler`, started in the function's folder.
//
// Behaves as AWS's own client does towards the handler, streaming ones too, and towards the Runtime API
// (https://github.com/aws/aws-lambda-nodejs-runtime-interface-client),
// without its native parts. It ends when the Runtime API is gone.

import fs from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";
import { BASE, call, host, port } from "./runtime_api.mjs";

const root = process.env.LAMBDA_TASK_ROOT || process.cwd();

let requestId; // of the invocation that runs now
let tenantId;
let beforeExit = null; // what to do when the event loop is empty

// --- Runtime API ------------------------------------------------------------------------------------------------------

const gone = () => process.exit(1);

function post(route, text, headers = {}) {
  return call("POST", route, text, { "Content-Type": "application/json", ...headers }).catch(gone);
}

// --- errors -----------------------------------------------------------------------------------------------------------

class RuntimeError extends Error {
  constructor(name, reason) {
    super(reason);
    this.name = `Runtime.${name}`;
  }
}

function errorObject(error) {
  if (util.types.isNativeError(error) || (error && error.name && error.message && error.stack)) {
    return { errorType: String(error.name), errorMessage: String(error.message), trace: String(error.stack).split("\n") };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

// What AWS prints of an error: its fields, and everything that hangs on it.
function errorText(error) {
  const shown = errorObject(error);
  const { trace, ...head } = shown;
  const extra = error instanceof Error ? { ...error, name: undefined } : {};
  try {
    return JSON.stringify({ ...head, ...extra, stack: trace });
  } catch {
    return JSON.stringify({ ...head, stack: trace });
  }
}

// --- log --------------------------------------------------------------------------------------------------------------

const JSON_LOG = (process.env.AWS_LAMBDA_LOG_FORMAT ?? "").toUpperCase() === "JSON";
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const LOWEST = LEVELS.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL ?? "").toUpperCase()); // -1: everything
const METHODS = { log: "INFO", info: "INFO", debug: "DEBUG", warn: "WARN", error: "ERROR", trace: "TRACE", fatal: "FATAL" };

function logged(error) {
  const { name } = error.constructor ?? { name: "UnknownError" };
  return { errorType: name, errorMessage: error.message, stackTrace: String(error.stack).split("\n") };
}

function jsonLine(level, values) {
  const record = { timestamp: new Date().toISOString(), level, requestId, tenantId };
  if (values.length === 1) {
    try {
      return JSON.stringify({ ...record, message: values[0] }, (_, value) => (value instanceof Error ? { ...logged(value), ...value } : value));
    } catch {
      return JSON.stringify({ ...record, message: util.format(values[0]) });
    }
  }
  const error = values.find((value) => value instanceof Error);
  return JSON.stringify({ ...record, message: util.format(...values), ...(error && logged(error)) });
}

function textLine(level, values) {
  return `${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...values).replace(/\n/g, "\r")}`;
}

function log(level, ...values) {
  if (LEVELS.indexOf(level) >= LOWEST) process.stdout.write(`${(JSON_LOG ? jsonLine : textLine)(level, values)}\n`);
}

function patchConsole() {
  // A full pipe must hold the function up, not lose what it printed last.
  for (const stream of [process.stdout, process.stderr]) stream._handle?.setBlocking?.(true);
  for (const [method, level] of Object.entries(METHODS)) {
    console[method] = (...values) => log(level, ...values);
  }
}

function logError(what, error) {
  if (JSON_LOG) log("ERROR", error instanceof Error ? error : errorObject(error));
  else process.stdout.write(`${textLine("ERROR", ["%s", `${what}\t${errorText(error)}`])}\n`);
}

// --- loading the handler ----------------------------------------------------------------------------------------------

function nearestPackageIsModule(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, "package.json");
    if (fs.existsSync(candidate)) {
      try {
        return JSON.parse(fs.readFileSync(candidate, "utf8")).type === "module";
      } catch {
        return false;
      }
    }
    if (folder === path.dirname(folder)) return false;
  }
}

async function loadModule(base, name) {
  const require = createRequire(path.join(root, "index.js"));
  const load = { require: (file) => require(file), import: (file) => import(pathToFileURL(file).href) };
  const script = nearestPackageIsModule(base) ? "import" : "require";
  const candidates = [["", "require"], [".js", script], [".mjs", "import"], [".cjs", "require"]];
  for (const [extension, how] of candidates) {
    const file = base + extension;
    if (fs.existsSync(file) && fs.statSync(file).isFile()) return load[how](file);
  }
  return require(require.resolve(name, { paths: [root, path.dirname(base)] }));
}

async function loadHandler(text) {
  if (text.includes("..")) {
    throw new RuntimeError("MalformedHandlerName", `'${text}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const match = /^([^.]*)\.(.*)$/.exec(path.basename(text));
  if (match === null) throw new RuntimeError("MalformedHandlerName", "Bad handler");
  const [, name, exported] = match;
  let found;
  try {
    found = await loadModule(path.resolve(root, path.dirname(text), name), name);
  } catch (error) {
    if (error instanceof SyntaxError) throw withCause(new RuntimeError("UserCodeSyntaxError", error), error);
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw withCause(new RuntimeError("ImportModuleError", error), error);
    }
    throw error;
  }
  const value = exported.split(".").reduce((object, key) => object?.[key], found) ?? exported.split(".").reduce((object, key) => object?.[key], found?.default);
  if (value === undefined || value === null) throw new RuntimeError("HandlerNotFound", `${text} is undefined or not exported`);
  if (typeof value !== "function") throw new RuntimeError("HandlerNotFound", `${text} is not a function`);
  return value;
}

function withCause(error, cause) {
  error.stack = `${error.name}: ${error.message}\n${String(cause.stack).split("\n").slice(1).join("\n")}`;
  return error;
}

// --- one invocation ---------------------------------------------------------------------------------------------------

function makeContext(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const parsed = (name) => (headers[name] ? JSON.parse(headers[name]) : undefined);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed("lambda-runtime-client-context"),
    identity: parsed("lambda-runtime-cognito-identity"),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: requestId,
    tenantId: headers["lambda-runtime-aws-tenant-id"],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

function serialise(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

function respond(result, next) {
  let text;
  try {
    text = serialise(result);
  } catch (error) {
    return fail(error, next);
  }
  return post(`/invocation/${requestId}/response`, text).then(next);
}

function fail(error, next) {
  logError("Invoke Error ", error);
  return post(`/invocation/${requestId}/error`, JSON.stringify(errorObject(error))).then(next);
}

function invoke(handler, event, context, next) {
  let done = false;
  const once = (finish) => {
    if (done) return;
    done = true;
    beforeExit = null;
    finish();
  };
  const settle = (error, result) => once(() => (error === undefined || error === null ? respond(result, next) : fail(error, next)));
  const callback = (error, result) => {
    if ((error === undefined || error === null) && context.callbackWaitsForEmptyEventLoop) {
      beforeExit = () => settle(null, result);
    } else {
      settle(error, result);
    }
  };
  context.done = settle;
  context.succeed = (result) => settle(null, result);
  context.fail = (error) => settle(error ?? "handled");
  beforeExit = () => settle(null, null);
  try {
    const result = handler(JSON.parse(event.toString("utf8")), context, callback);
    if (typeof result?.then === "function") result.then(context.succeed, context.fail);
  } catch (error) {
    settle(error ?? "handled");
  }
}

// --- one invocation of a handler that streams -------------------------------------------------------------------------

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const ERROR_TYPE = "Lambda-Runtime-Function-Error-Type";
const ERROR_BODY = "Lambda-Runtime-Function-Error-Body";

const streaming = {
  streamifyResponse(handler, options) {
    handler[STREAMING] = "response";
    if (typeof options?.highWaterMark === "number") handler[HIGH_WATER_MARK] = parseInt(options.highWaterMark);
    return handler;
  },
  HttpResponseStream: class HttpResponseStream {
    static from(underlyingStream, prelude) {
      underlyingStream.setContentType("application/vnd.awslambda.http-integration-response");
      const metadata = JSON.stringify(prelude);
      underlyingStream._onBeforeFirstWrite = (write) => {
        write(metadata);
        write(new Uint8Array(8));
      };
      return underlyingStream;
    }
  },
};

function tooLate() {
  const error = new Error("Cannot set content-type, too late.");
  error.name = "Runtime.InvalidStreamingOperation";
  return error;
}

// The request to the Runtime API is the stream: what the socket does not take holds the function up.
function openStream(highWaterMark) {
  const http = createRequire(import.meta.url)("node:http"); // takes milliseconds of a cold start that most never need
  const agent = new http.Agent();
  agent.createConnection = (options, listener) => net.createConnection({ ...options, highWaterMark }, listener);
  const headers = {
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    Trailer: [ERROR_TYPE, ERROR_BODY],
    "Content-Type": "application/octet-stream",
  };
  const route = `${BASE}/invocation/${requestId}/response`;
  const stream = http.request({ host, port, agent, method: "POST", path: route, headers });
  const answered = new Promise((resolve, reject) => {
    stream.on("response", (response) => response.resume().on("end", resolve).on("error", reject));
    stream.on("error", reject);
  });
  answered.catch(() => {}); // the handler may never wait for it
  let begun = false;
  const write = stream.write.bind(stream);
  const end = stream.end.bind(stream);
  stream.setContentType = (contentType) => {
    if (begun) throw tooLate();
    stream.setHeader("Content-Type", contentType);
  };
  stream.write = (chunk, encoding, callback) => {
    if (typeof chunk !== "string" && !Buffer.isBuffer(chunk) && chunk?.constructor !== Uint8Array) chunk = JSON.stringify(chunk);
    if (!begun && typeof stream._onBeforeFirstWrite === "function") stream._onBeforeFirstWrite((piece) => write(piece));
    begun = true;
    return write(chunk, encoding, callback);
  };
  stream.end = (callback) => end(callback); // no last chunk, as with AWS's client
  const fail = (error) => {
    logError("Invoke Error ", error);
    const shown = errorObject(error);
    stream.addTrailers({
      [ERROR_TYPE]: shown.errorType.replace(/[^\x20-\x7e]/g, "?"),
      [ERROR_BODY]: Buffer.from(JSON.stringify(shown)).toString("base64"),
    });
    // A stream that was destroyed may have left without a word; where it did not, this comes too late and is refused.
    if (stream.destroyed) return post(`/invocation/${requestId}/error`, JSON.stringify(shown));
    return new Promise((resolve) => {
      stream.on("close", resolve);
      end();
    });
  };
  return { stream, answered, fail };
}

async function invokeStreaming(handler, event, context, next) {
  const { stream, answered, fail } = openStream(handler[HIGH_WATER_MARK]);
  beforeExit = next;
  try {
    const result = handler(JSON.parse(event.toString("utf8")), stream, context);
    if (typeof result?.then !== "function") throw "Streaming does not support non-async handlers.";
    if ((await result) !== undefined) console.warn("Streaming handlers ignore return values.");
    await answered;
  } catch (error) {
    await fail(error);
  }
  if (context.callbackWaitsForEmptyEventLoop) beforeExit = () => setImmediate(next);
  else next();
}

async function serve(handler) {
  const { status, headers, body } = await call("GET", "/invocation/next").catch(gone);
  if (status !== 200) gone();
  requestId = headers["lambda-runtime-aws-request-id"];
  tenantId = headers["lambda-runtime-aws-tenant-id"];
  const trace = headers["lambda-runtime-trace-id"];
  if (trace === undefined) delete process.env._X_AMZN_TRACE_ID;
  else process.env._X_AMZN_TRACE_ID = trace;
  // A fresh turn of the event loop: what the handler throws is its own, not this promise's.
  const run = handler[STREAMING] === "response" ? invokeStreaming : invoke;
  setImmediate(() => run(handler, body, makeContext(headers), () => serve(handler)));
}

// --- the process ------------------------------------------------------------------------------------------------------

// What nobody caught ends the process, as on AWS; the next invocation gets a new one.
function crash(what, error, code) {
  logError(what, error);
  const route = requestId === undefined ? "/init/error" : `/invocation/${requestId}/error`;
  post(route, JSON.stringify(errorObject(error))).then(() => process.exit(code));
}

process.on("uncaughtException", (error) => crash("Uncaught Exception ", error, 129));
process.on("unhandledRejection", (reason, promise) => {
  const error = new RuntimeError("UnhandledPromiseRejection", String(reason));
  error.reason = reason;
  error.promise = promise;
  crash("Unhandled Promise Rejection ", error, 128);
});
process.on("beforeExit", () => {
  const action = beforeExit;
  beforeExit = null;
  action?.();
});

patchConsole();
globalThis.awslambda = streaming;
try {
  const handler = await loadHandler(process.argv[2] ?? process.env._HANDLER);
  serve(handler);
} catch (error) {
  logError("Uncaught Exception ", error);
  const report = errorObject(error);
  await post("/init/error", JSON.stringify(report), { "Lambda-Runtime-Function-Error-Type": report.errorType.replace(/[^\x20-\x7e]/g, "?") });
  process.exit(1);
}
