// The four stages of configs/examples/lambda_edge.yaml, as they would be deployed to Lambda@Edge.

const header = (key, value) => ({ [key.toLowerCase()]: [{ key, value }] });

/** viewer-request: visitors without the cookie are sent to the sign-in page. */
export const authenticate = async (event) => {
  const { request } = event.Records[0].cf;
  const cookies = (request.headers.cookie ?? []).map((entry) => entry.value).join('; ');
  if (/(^|; )session=/.test(cookies) || request.uri === '/sign-in') return request;
  return {
    status: '302',
    statusDescription: 'Found',
    headers: { ...header('Location', `/sign-in?to=${encodeURIComponent(request.uri)}`), ...header('Cache-Control', 'no-store') },
  };
};

/** origin-request: a folder is its index.html; visitors of the beta are sent to another origin. */
export const route = async (event) => {
  const { request } = event.Records[0].cf;
  if (request.uri.endsWith('/')) request.uri += 'index.html';
  if (/(^|; )beta=yes/.test(request.headers.cookie?.[0].value ?? '')) {
    Object.assign(request.origin.custom, { domainName: 'localhost', port: 8001 });
    request.headers.host = [{ key: 'Host', value: 'localhost' }];
  }
  return request;
};

/** origin-response: a page of our own for what is not there. */
export const pageForMissing = async (event) => {
  const { response } = event.Records[0].cf;
  if (response.status !== '404') return response;
  return {
    ...response,
    body: '<h1>There is no such page.</h1>',
    headers: { ...response.headers, ...header('Content-Type', 'text/html') },
  };
};

/** viewer-response: headers that every page gets. */
export const harden = async (event) => {
  const { response } = event.Records[0].cf;
  Object.assign(response.headers, header('Strict-Transport-Security', 'max-age=63072000'), header('X-Frame-Options', 'DENY'));
  return response;
};
