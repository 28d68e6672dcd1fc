/** The servers, as every table, chart and claim calls them. */
export const OURS = "piggy-webhooks";
export const PEER = "Go program";
