// Requests of the Node.js runtime client to the Runtime API.

import net from "node:net";

export const BASE = "/2018-06-01/runtime";
export const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

// One connection, one request after the other. Not of node:http, which costs more than everything else that is done here: the
// Runtime API answers with a head and a body of the length that it names, always. An idle one does not keep the process alive.
class Connection {
  constructor() {
    this.socket = net.createConnection({ host, port, noDelay: true });
    this.socket.on("data", (data) => this.take(data));
    this.socket.on("error", () => {});
    this.socket.on("close", () => this.lost());
  }

  ask(text) {
    this.chunks = [];
    this.left = undefined; // bytes of the body that have not come; unknown until the head is whole
    this.socket.ref();
    return new Promise((resolve, reject) => {
      Object.assign(this, { resolve, reject });
      this.socket.write(text);
    });
  }

  take(data) {
    if (this.resolve === undefined) return this.socket.destroy();
    if (this.left === undefined) {
      data = this.chunks.length ? Buffer.concat([...this.chunks, data]) : data;
      const end = data.indexOf("\r\n\r\n");
      this.chunks = [data];
      if (end < 0) return;
      const [line, ...fields] = data.toString("latin1", 0, end).split("\r\n");
      this.status = Number(line.split(" ", 2)[1]);
      this.headers = {};
      for (const field of fields) {
        const colon = field.indexOf(":");
        this.headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim();
      }
      this.left = Number(this.headers["content-length"]);
      data = data.subarray(end + 4);
      this.chunks = [];
    }
    this.chunks.push(data);
    this.left -= data.length;
    if (this.left <= 0) this.answered();
  }

  answered() {
    const { status, headers, chunks, resolve } = this;
    this.resolve = this.reject = undefined;
    this.socket.unref();
    idle.push(this);
    resolve({ status, headers, body: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks) });
  }

  lost() {
    if (idle.includes(this)) idle.splice(idle.indexOf(this), 1);
    this.reject?.(new Error("The Runtime API is gone."));
  }
}

const idle = [];

// The answer: `{ status, headers, body }`, names of headers in lower case, the body a Buffer. Fails where the Runtime API is gone.
export function call(method, route, body, headers = {}) {
  let text = `${method} ${BASE}${route} HTTP/1.1\r\nHost: ${host}:${port}\r\n`;
  for (const name in headers) text += `${name}: ${headers[name]}\r\n`;
  if (body !== undefined) text += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return (idle.pop() ?? new Connection()).ask(`${text}\r\n${body ?? ""}`);
}
