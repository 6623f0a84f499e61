// Tells what it was asked, in payload format 1.0 or 2.0.
export const handler = async (event) => {
  const http = event.requestContext?.http;
  return {
    statusCode: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      method: http?.method ?? event.httpMethod,
      path: event.rawPath ?? event.path,
      query: event.queryStringParameters ?? {},
      stage: event.requestContext?.stage,
      variables: event.stageVariables ?? {},
    }),
  };
};
