// What the benchmark of local functions calls.
exports.handler = async (event) => ({
  statusCode: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ hello: event.pathParameters.name }),
});
