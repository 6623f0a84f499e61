export const handler = async () => ({ statusCode: 204 });
export const work = async (event) => ({ batchItemFailures: [] });
