// An ES module with top-level await.

const loaded = await Promise.resolve("loaded");

export const handler = async (event) => ({ loaded, event });
