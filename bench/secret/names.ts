/** The servers, as every table, chart and claim calls them. */
export const OURS = "piggy-webhooks";
export const UNCACHED = "piggy-webhooks, no cache";
export const PEER = "Go program";
